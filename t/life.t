#!/usr/bin/perl

# A whole life: testing, enforce, a new MX, back to testing, enforce again, and
# out, with nginx, BIND, Unbound and Postfix.  The operator does what mta-sts plan
# says, when it says so; a sender, Postfix with postfix-mta-sts-resolver, has a
# mail each day, and never defers one.  Clocks go forward with libfaketime.

use strict;
use warnings;

use lib 't/lib';
use File::Temp qw(tempdir);
use JSON::PP;
use MtaSts;
use MtaSts::Dns;
use MtaSts::Sender;
use MtaSts::World;
use Test::More;

my $DOMAIN = 'a.example';

enter_world();

my $world = MtaSts::World->new;
my $dns = MtaSts::Dns->named(key => 1, zones => { $DOMAIN =>
    "@ MX 10 mx1\nmta-sts A 192.0.2.1\n"
    . join '', map { "mx$_ A 192.0.2.1$_\n" } 1 .. 3 });
my $unbound = MtaSts::Dns->unbound(stubs => { $DOMAIN => $dns },
    conf => "cache-max-ttl: 0\n    interface: 127.0.0.1\@53");
my $web = $world->cert('web', ["mta-sts.$DOMAIN"], to => 900);
my $mail = $world->cert('mail', ["mx1.$DOMAIN", "mx2.$DOMAIN"], to => 900);
my @take = ('mynetworks=0.0.0.0/0');
my @tls = ("smtpd_tls_chain_files=$mail.key,$mail.pem", @take);

# mx3 has no TLS at all

$world->postfix('192.0.2.11' => \@tls, '192.0.2.12' => \@tls,
                '192.0.2.13' => ['smtpd_tls_security_level=none', @take]);

my $state = tempdir(CLEANUP => 1);
my $nginx = $world->nginx('');
my $conf = $nginx->dir . '/nginx.conf';
my @net = ('--resolver', '127.0.0.1:' . $unbound->port, '--ca', $world->ca);
my $sender = MtaSts::Sender->new($world);
my ($day, $sent) = (0, 0);
my %advice;


# The helper on this day.

sub today {
    my ($command, @args) = @_;
    local $ENV{LD_PRELOAD} = (glob '/usr/lib/*/faketime/libfaketime.so.1')[0];
    local $ENV{FAKETIME} = '+' . int($day * 86400);
    local $ENV{DONT_FAKE_MONOTONIC} = 1;
    local $MtaSts::BUILD = $MtaSts::FAKED;
    return helper($command, '-c', $conf, @args);
}


# A mail, a check, and what is advised.

sub look {
    my $said = $sender->mail($DOMAIN);
    $said eq 'sent' ? $sent++ : fail("day $day: $said");

    today('check', @net);
    my (undef, $out, $err) = today('plan', '-f', 'json', $DOMAIN);
    my ($plan) = grep { $_->{domain} eq $DOMAIN } @{ decode_json($out) };
    %advice = map { ("$_->{state} $_->{step}" => $_) } @{ $plan->{advice} };
}


# Days pass until something is advised, or is not any more.

sub wait_for {
    my ($what, $gone) = @_;
    my $begin = $day;

    while (!$advice{$what} != !!$gone && $day <= $begin + 30) {
        $day++;
        $sender->later($day);
        look();
    }

    is(!$advice{$what}, !!$gone, "day $day: $what" . ($gone ? ' is over' : ''));
}


sub update {
    my ($script) = @_;
    my ($status, $out, $err) = run('server 127.0.0.1 ' . $dns->port . "\n$script",
                                   'nsupdate', '-k', $dns->key_file);
    is("$status $out$err", '0 ', "day $day: " . (split /\n/, $script)[-2]);
}


sub publish_mx {
    update("update delete $DOMAIN MX\nupdate add $DOMAIN 3600 MX 10 $_[0].$DOMAIN.\n"
           . "send\n");
}


# The policy on the web server, then the record.

sub change {
    my (@lines) = @_;
    $nginx->conf("mta_sts_state $state;\n"
        . "server { listen 127.0.0.1:%%PORT0%%; }\n"
        . web("mta-sts.$DOMAIN", $web, join ' ', map { "mta_sts_$_;" } @lines));
    $nginx->reload;
    my ($rc, $out, $err) = today('records', '--served', '--accept', 'policy-slow',
                                 '-f', 'nsupdate', @net, $DOMAIN);
    is($rc, 0, "day $day: @lines") or diag($err);
    update($out) if $out;
    look();
}


# testing, then enforce when it is due

change('mode testing', 'mx mx1.a.example', 'max_age 7d');
is($sender->verified, 0, 'testing demands nothing');

# without --resolver, the zone's own name server is asked

{
    my ($rc, $out, $err);

    # a machine that is busy makes answers slow

    within(sub {
        ($rc, $out, $err) = run('', $sender->mounted("$MtaSts::FAKED/mta-sts",
            'check', '-c', $conf, '--ca', $world->ca, $DOMAIN));
        return $out !~ /policy-slow/;
    });
    is("$rc $err", '0 ', 'a check without --resolver');
    like((run('', 'sqlite3', "$state/state.db", 'SELECT history FROM domain'))[1],
         qr/^shown ns\.a\.example [0-9a-f]{20} 3600 \d+ \d+ 0$/m,
         '... looks at the name server');
}

wait_for('due promote');
cmp_ok($day, '>=', 14, '... after two weeks');
change('mode enforce', 'mx mx1.a.example', 'max_age 7d');
$sender->later(++$day);
look();
cmp_ok($sender->verified, '>', 0, 'enforce demands a certificate');

# one who does not wait: the sender defers

publish_mx('mx3');
like($sender->mail($DOMAIN), qr/^deferred/, 'an MX without TLS is deferred');
publish_mx('mx1');

# an MX moves

change('mode enforce', 'mx mx1.a.example mx2.a.example', 'max_age 604801');
ok($advice{'wait add-mx'}, 'the new MX has to wait');
wait_for('possible add-mx');
publish_mx('mx2');
look();
ok($advice{'wait stop-mx'}, 'the old one has to wait');
wait_for('wait stop-mx', 'gone');
update("update delete mx1.$DOMAIN A\nsend\n");
change('mode enforce', 'mx mx2.a.example', 'max_age 604802');

# back to testing, and an MX without TLS once senders are free

change('mode testing', 'mx mx2.a.example', 'max_age 604803');
ok($advice{'wait free'}, 'senders are not free');
wait_for('wait free', 'gone');
publish_mx('mx3');
look();
publish_mx('mx2');
look();

# enforce again, once no cache has the MX without TLS, and out

wait_for('wait stop-mx', 'gone');

change('mode enforce', 'mx mx2.a.example', 'max_age 604804');
change('mode none', 'mx mx2.a.example', 'max_age 604805');
wait_for('possible left');
publish_mx('mx3');
look();

$nginx->conf("mta_sts_state $state;\n"
    . "server { listen 127.0.0.1:%%PORT0%%; server_name mta-sts.b.example; "
    . 'mta_sts_mode none; mta_sts_mx mx.b.example; }');
my ($rc, $out, $err) = today('records', '--removed');
is($rc, 0, 'the record may go') or diag($err);
update($out);
is(join('', $dns->dig("_mta-sts.$DOMAIN", 'TXT')), '', '... and is gone');

for (1 .. 4) {
    $day++;
    $sender->later($day);
    my $said = $sender->mail($DOMAIN);
    is($said, 'sent', "day $day: without MTA-STS");
}

cmp_ok($sent, '>', 40, "$sent mails in $day days were sent, none deferred");

$sender->stop;
$nginx->stop;

done_testing();
