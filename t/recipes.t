#!/usr/bin/perl

# The recipes of docs/hosting.md next to a real sender: Postfix, with the policies
# that postfix-mta-sts-resolver gives it, sends mail at every step and must never
# defer one.  The commands are those of the document; max_age is some seconds, and
# so is each time to wait.

use strict;
use warnings;

use lib 't/lib';
use MtaSts;
use MtaSts::Dns;
use MtaSts::Docs qw(snippet);
use MtaSts::World;
use Test::More;

# a TTL, the max_age of the first policy, and the longest time until a policy has
# ended for this sender, which does not keep one longer than its max_age

use constant { TTL => 1, MAX_AGE => 6, OVER => 14 };

enter_world;

my $world = MtaSts::World->new;
my $dir = $world->dir;
my $hosting = 'docs/hosting.md';
my $helper = ($MtaSts::BUILD =~ m{^/} ? '' : "$ENV{PWD}/")
           . "$MtaSts::BUILD/mta-sts";
my (%logs, $reload, $mails);

spew("$dir/resolv.conf", "nameserver 192.0.2.10\n");


# A command that has the resolver of this world.

sub with_dns {
    return ('unshare', '-m', 'sh', '-c', "mount --bind $dir/resolv.conf "
            . '/etc/resolv.conf && exec "$@"', 'sh', @_);
}


# A Postfix with settings and services of its own.

sub postfix {
    my ($name, $main, @services) = @_;
    my $home = "$dir/$name";

    mkdir "$home$_" for '', '/conf', '/spool', '/data';
    run('', 'chown', 'postfix', "$home/data");

    spew("$home/conf/main.cf", <<"EOC");
compatibility_level = 3.6
queue_directory = $home/spool
data_directory = $home/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
myhostname = $name.test
mydestination =
inet_protocols = ipv4
maillog_file = $home/maillog
maillog_file_prefixes = $dir
$main
EOC

    spew("$home/conf/master.cf", join "\n", @services,
        'tlsmgr unix - - n 1000? 1 tlsmgr', 'anvil unix - - n - 1 anvil',
        'rewrite unix - - n - - trivial-rewrite', 'bounce unix - - n - 0 bounce',
        'defer unix - - n - 0 bounce', 'trace unix - - n - 0 bounce',
        'cleanup unix n - n - 0 cleanup', 'qmgr unix n - n 300 1 qmgr',
        'error unix - - n - - error', 'discard unix - - n - - discard',
        'proxymap unix - - n - - proxymap', 'scache unix - - n - 1 scache',
        'postlog unix-dgram n - n - 1 postlogd', '');

    my ($status, $out, $err) = run('', with_dns('/usr/sbin/postfix', '-c',
                                                "$home/conf", 'start'));
    die "postfix $name: $out$err" if $status;
    $logs{$name} = "$home/maillog";
}


END {
    my $status = $?;
    run('', '/usr/sbin/postfix', '-c', "$dir/$_/conf", 'stop') for keys %logs;
    kill 'TERM', $mails if $mails;
    $? = $status;
}


# Sends a mail to a domain; what became of it.

sub mail {
    my ($domain) = @_;
    my $log = $logs{sender};
    my $from = -s $log // 0;

    run("Subject: test\n\ntest\n", '/usr/sbin/sendmail', '-C',
        "$dir/sender/conf", '-f', 'a@sender.test', "b\@$domain");

    return within(sub {
        my $text = substr slurp($log), $from;
        $text =~ /to=<b\@\Q$domain\E>.*relay=(\S+).*status=(\w+)/ && "$1 $2";
    }) || 'nothing';
}


sub sent {
    my ($domain, $what) = @_;
    my $got = mail($domain);
    like($got, qr/ sent$/, "mail is sent: $what")
        or diag($got, `tail -5 $logs{sender}`);
    return $got;
}


# Waits until no cache has what was in the DNS before; TTLs are whole seconds.

sub settle { select undef, undef, undef, TTL + 1.5 }


# Waits, while mail is sent.

sub wait_while_sending {
    my ($domain, $what, $seconds) = @_;
    my $until = time + $seconds;
    my $bad = 0;

    while (time < $until) {
        $bad += mail($domain) !~ / sent$/;
        select undef, undef, undef, 0.5;
    }

    is($bad, 0, "mail is sent: $what");
}


# Changes the DNS.

my $dns;

sub update {
    my ($script) = @_;
    my ($status, $out, $err) = run("server 192.0.2.11\n$script\nsend\n",
                                   'nsupdate', '-k', $dns->key_file);
    is($status, 0, 'the DNS is changed') or diag("$script: $out$err");
}


# The order of every change: its three commands.

my $yaml = "$dir/mta-sts.yaml";
my $nginx;

sub command {
    my ($n, %replace) = @_;
    my $command = snippet($hosting, 'The order of every change', $n, 'sh');

    for my $word (sort keys %replace) {
        ok($command =~ s/\Q$word\E/$replace{$word}/g, "the document has $word")
            or diag($command);
    }

    $command =~ s/\bmta-sts (\w+)/$helper $1 -d $yaml --ca @{[$world->ca]}/g;
    return run('', with_dns('sh', '-c', $command));
}


sub change {
    my ($what, $text) = @_;
    spew($yaml, $text);
    spew($nginx->dir . '/d.yaml', $text);

    my ($status, $out, $err) = command(0,
        'sudo nginx -t && sudo nginx -s reload' => 'echo reload');
    $err =~ s/^.* warning: max_age "\d+" is less than a day.*\n//m;
    is("$status $err", '0 ', "$what: no mail stops");
    like($out, qr/^reload$/m, '... nginx may be reloaded');
    ok($nginx->reload, '... and is');

    my ($rc, $records, $said) = command(1, '-f text' => '-f nsupdate --zone test '
                                        . '--ttl ' . TTL);
    $said =~ s/^.* warning: max_age "\d+" is less than a day.*\n//m;
    is("$rc $said", '0 ', '... the records are printed');

    if ($records) {
        my ($s, $o, $e) = run("server 192.0.2.11\n$records", 'nsupdate', '-k',
                              $dns->key_file);
        is($s, 0, '... and published') or diag("$o$e");
    }

    settle();
}


# The world: a name server and a resolver, an old mail server and a new one, and
# the sender

$dns = MtaSts::Dns->named(address => '192.0.2.11', key => 1, zones => {
    test => "\$ORIGIN test.\n\$TTL 1\n@ SOA ns.test. h.test. 1 1 1 1 1\n@ NS ns\n"
        . "ns A 192.0.2.11\nold A 192.0.2.20\nnew A 192.0.2.21\n"
        . "a MX 10 old.test.\nb MX 10 new.test.\nmta-sts.a A 192.0.2.1\n" });
my $unbound = MtaSts::Dns->unbound(address => '192.0.2.10',
    stubs => { test => $dns },
    conf => "cache-min-ttl: 0\n    cache-max-ttl: 1\n    cache-max-negative-ttl: 1"
          . "\n    local-zone: test. transparent");

my %cert = map { ($_ => $world->cert($_, ["$_.test"])) } qw(old new);
$world->cert('wrong', ['wrong.test']);

postfix('receiver', "relay_domains = a.test b.test\nrelay_transport = discard:\n"
    . "smtpd_tls_security_level = may\nsmtpd_peername_lookup = no\n"
    . 'smtpd_relay_restrictions = reject_unauth_destination',
    map { "192.0.2.$_->[0]:25 inet n - n - - smtpd -o smtpd_tls_cert_file=$dir/"
        . "$_->[1].pem -o smtpd_tls_key_file=$dir/$_->[1].key" }
        [20, 'old'], [21, 'new'], [22, 'wrong']);

postfix('sender', "inet_interfaces = 192.0.2.30\nsmtp_tls_security_level = may\nsmtp_tls_loglevel = 1\nsmtp_tls_CAfile = "
    . $world->ca . "\nsmtp_tls_policy_maps = socketmap:inet:127.0.0.1:8461:postfix"
    . "\nsmtp_connection_cache_on_demand = no\nsmtp_address_preference = ipv4",
    'pickup unix n - n 1 1 pickup', 'smtp unix - - n - - smtp');

spew("$dir/daemon.yml", "host: 127.0.0.1\nport: 8461\ncache:\n  type: internal\n"
    . "  options:\n    cache_size: 1000\ncache_grace: 0\ndefault_zone:\n"
    . "  strict_testing: false\n  timeout: 60\n");

$mails = fork // die "fork: $!";

if ($mails == 0) {
    $ENV{SSL_CERT_FILE} = $world->ca;
    open STDERR, '>', "$dir/daemon.log" or die;
    open STDOUT, '>&', \*STDERR or die;
    exec with_dns('/usr/bin/mta-sts-daemon', '-c', "$dir/daemon.yml");
}

within(sub { IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => 8461) });


# A domain in mode enforce

my $max_age = MAX_AGE;

sub policy {
    my ($mode, @mx) = @_;
    my $age = $max_age++;       # no policy twice
    return "domains:\n  a.test: {mode: $mode, max_age: $age, mx: ["
         . join(', ', map { "$_.test" } @mx) . "]}\n";
}

my $web = join '', map { web("mta-sts.$_.test",
    $world->cert("web-$_", ["mta-sts.$_.test"]), 'mta_sts_domains d.yaml;') }
    qw(a b);
$nginx = $world->nginx($web, 'd.yaml' => policy('testing', 'old'));

change('enforce', policy('enforce', 'old'));
like(sent('a.test', 'to the only mail server'), qr/^old\.test/, '... the old one');
like(slurp($logs{sender}), qr/Verified TLS connection established to old/,
     '... as the policy demands');


# Moving an MX

change('both mail servers', policy('enforce', 'old', 'new'));
sent('a.test', 'the policy has both');
wait_while_sending('a.test', 'until the policy without the new one has ended', OVER);
update("update delete a.test. MX\nupdate add a.test. 1 MX 10 new.test.");
settle();
like(sent('a.test', 'to the new mail server'), qr/^new\.test/, '... the new one');
wait_while_sending('a.test', 'for the TTL of the MX record', TTL + 1);
update('update delete old.test. A');
change('only the new mail server', policy('enforce', 'new'));
sent('a.test', 'the old mail server is gone');


# A change that would stop mail is not made

spew($yaml, policy('enforce', 'old'));
my ($status, $out) = command(0, 'sudo nginx -t && sudo nginx -s reload'
                             => 'echo reload');
is($status, 1, 'a policy without the mail server');
unlike($out, qr/^reload$/m, '... is not reloaded');


# Rolling back in a hurry: the mail server has a wrong certificate soon

change('testing', policy('testing', 'new'));
sent('a.test', 'back to testing');
wait_while_sending('a.test', 'until the policies in enforce have ended', OVER);
update("update delete new.test. A\nupdate add new.test. 1 A 192.0.2.22");
settle();
sent('a.test', 'a wrong certificate after the end');


# ... which is what a sender refuses in enforce, or this test could not fail

spew($yaml, policy('enforce', 'new'));
spew($nginx->dir . '/d.yaml', slurp($yaml));
ok($nginx->reload, 'a reload without asking');
my (undef, $records) = command(1, '-f text' => '-f nsupdate --zone test --ttl 1');
run("server 192.0.2.11\n$records", 'nsupdate', '-k', $dns->key_file);
settle();
like(mail('a.test'), qr/ deferred$/, 'enforce, with a wrong certificate, defers');
update("update delete new.test. A\nupdate add new.test. 1 A 192.0.2.21");
settle();
sent('a.test', 'it is the right one again');


# Leaving

change('none', policy('none', 'new'));
sent('a.test', 'mode none');
wait_while_sending('a.test', 'until the policies in enforce have ended', OVER);
update('update delete _mta-sts.a.test.');
wait_while_sending('a.test', 'without a record', TTL + 1);
spew($nginx->dir . '/d.yaml', "domains:\n  b.test: {mx: new.test}\n");
update('update delete mta-sts.a.test.');
update("update delete new.test. A\nupdate add new.test. 1 A 192.0.2.22");
settle();
sent('a.test', 'the domain has left');
update("update delete new.test. A\nupdate add new.test. 1 A 192.0.2.21");


# Adding a domain: its address first, then policy, check and record

spew($yaml, "domains:\n  b.test: {mx: new.test}\n");
my (undef, $address) = run('', $helper, 'records', '-d', $yaml, '-f', 'nsupdate',
    '--zone', 'test', '--ttl', 1, '--only', 'address', '--policy-host',
    '192.0.2.1');
run("server 192.0.2.11\n$address", 'nsupdate', '-k', $dns->key_file);
settle();
change('a new domain', slurp($yaml));
is(($unbound->dig('_mta-sts.b.test', 'TXT'))[0] // '', ($dns->dig(
   '_mta-sts.b.test', 'TXT'))[0], '... has its record');
sent('b.test', 'a new domain');

# Changing the hoster: another web server, and another mail server

sub hosted {
    my ($mode, @mx) = @_;
    return policy($mode, @mx) =~ s/a\.test/b.test/r;
}

update("update add old.test. 1 A 192.0.2.20");
change('enforce at the old hoster', hosted('enforce', 'new'));
my $both = hosted('enforce', 'new', 'old');
change('the mail servers of both hosters', $both);

my $hoster = MtaSts->new("server { listen 127.0.0.1:%%PORT0%%; }\n"
    . web('mta-sts.b.test', "$dir/web-b", 'mta_sts_domains d.yaml;',
          listen => ['192.0.2.2']), 'd.yaml' => $both)->start;

update("update delete mta-sts.b.test. A\nupdate add mta-sts.b.test. 1 A 192.0.2.2");
wait_while_sending('b.test', 'until the policy without the new mail server has '
                   . 'ended', OVER);
update("update delete b.test. MX\nupdate add b.test. 1 MX 10 old.test.");
wait_while_sending('b.test', 'to the new hoster', TTL + 1);

my $first = $nginx;
$nginx = $hoster;
change('only the new hoster', hosted('enforce', 'old'));
like(sent('b.test', 'the old hoster is gone'), qr/^old\.test/,
     '... to the new mail server');

my ($checked) = command(2, 'mta-sts check' => 'mta-sts check --no-smtp '
                        . '--fail-on error');
is($checked, 0, '... and the check finds nothing wrong');

is(scalar(() = slurp($logs{sender}) =~ /status=(?:deferred|bounced)/g), 1,
   'no mail was deferred but the one that had to be');

done_testing();
