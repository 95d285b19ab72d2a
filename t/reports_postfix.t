#!/usr/bin/perl

# Reports by mail: a real Postfix hands each to "mta-sts reports add" by pipe(8),
# tries again while there is no store, and sends nothing back.

use strict;
use warnings;

use lib 't/lib';
use JSON::PP;
use MtaSts;
use MtaSts::World;
use Test::More;

enter_world();

my $BUILD = $ENV{MTA_STS_BUILD} // 'build';
my $world = MtaSts::World->new;
my $dir = $world->dir;
my $conf = "$dir/postfix/conf";

mkdir "$dir/$_" for qw(bin postfix postfix/conf postfix/spool postfix/data);
run('', 'cp', "$BUILD/mta-sts", "$BUILD/mta-sts-reports", "$dir/bin");
run('', 'chown', 'postfix', "$dir/postfix/data");

spew("$dir/domains.yaml", <<'EOC');
policies:
  a: { mode: enforce, mx: mx.example.com }
domains: { example.com: a }
EOC

spew("$conf/main.cf", <<"EOC");
compatibility_level = 3.6
queue_directory = $dir/postfix/spool
data_directory = $dir/postfix/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
myhostname = mx.example.com
mydestination =
inet_interfaces = 192.0.2.1
mynetworks = 192.0.2.1
relay_domains = example.com
relay_transport = tlsrpt
fast_flush_domains =
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_peername_lookup = no
tlsrpt_destination_recipient_limit = 1
maillog_file = $dir/maillog
maillog_file_prefixes = $dir
minimal_backoff_time = 1s
maximal_backoff_time = 1s
queue_run_delay = 1s
import_environment = MAIL_CONFIG MAIL_DEBUG MAIL_LOGTAG TZ LANG=C POSTLOG_SERVICE
    POSTLOG_HOSTNAME
EOC

# a mail that is still locked by its last delivery waits for a minute, and then for the
# next wakeup of qmgr

my $args = "--pipe -d $dir/domains.yaml --state $dir/state --keep 9999";

spew("$conf/master.cf", join "\n", '192.0.2.1:25 inet n - n - - smtpd',
    'cleanup unix n - n - 0 cleanup', 'qmgr unix n - n 1 1 qmgr',
    'rewrite unix - - n - - trivial-rewrite', 'proxymap unix - - n - - proxymap',
    'bounce unix - - n - 0 bounce', 'defer unix - - n - 0 bounce',
    'error unix - - n - - error', 'retry unix - - n - - error',
    'scache unix - - n - 1 scache', 'postlog unix-dgram n - n - 1 postlogd',
    "tlsrpt unix - n n - - pipe flags=R user=nobody "
    . "argv=$dir/bin/mta-sts reports add $args", '');

my ($status, $out, $err) = run('', '/usr/sbin/postfix', '-c', $conf, 'start');
$world->{postfix} = 1;
is($status, 0, 'Postfix runs') or diag("$out$err");


sub deliver {
    my ($mail) = @_;
    my $sock = IO::Socket::INET->new(PeerAddr => '192.0.2.1', PeerPort => 25)
               or die "connect: $!";
    $mail =~ s/\r?\n/\r\n/g;
    $mail =~ s/^\./../mg;

    my $last;

    for my $line (undef, "EHLO x\r\n", "MAIL FROM:<sender\@example.net>\r\n",
                  "RCPT TO:<tls-reports\@example.com>\r\n", "DATA\r\n",
                  "$mail\r\n.\r\n")
    {
        print $sock $line if defined $line;
        do { $last = <$sock> // '' } while $last =~ /^\d\d\d-/;
    }

    return $last;
}

sub logged {
    my ($like) = @_;
    my $is = within(sub { -e "$dir/maillog" && slurp("$dir/maillog") =~ $like }, 180);
    diag(slurp("$dir/maillog")) if !$is;
    return $is;
}

like(deliver(slurp('t/data/tlsrpt/google.eml')), qr/^250 /, 'a report by mail');
ok(logged(qr/relay=tlsrpt, .*status=deferred/),
   '... is deferred while there is no store');

mkdir "$dir/state";
run('', 'chown', 'nobody', "$dir/state");

ok(logged(qr/relay=tlsrpt, .*status=sent/), '... and delivered afterwards');

my ($rc, $json) = helper('reports', '--state', "$dir/state", '--days', 9999,
                         '-f', 'json');
is(decode_json($json)->{domains}[0]{sessions}[0]{reports}, 1, '... once');

like(deliver("Subject: spam\n\nno report\n"), qr/^250 /, 'another mail');
ok(logged(qr/status=sent.*status=sent/s), '... is not sent back');
is(scalar(my @bad = glob "$dir/state/bad/*"), 2, '... but kept, with the reason');
unlike(slurp("$dir/maillog"), qr/status=bounced/, 'nothing was sent back');

done_testing;
