#!/usr/bin/perl

# One domain from nothing to enforce, and back: the steps of README.md, word for
# word, in a network of their own, with BIND, Unbound, nginx and Postfix.  Only
# the certificate of step 2 is made here; acme_certbot.t has that step.

use strict;
use warnings;

use lib 't/lib';
use JSON::PP;
use MtaSts;
use MtaSts::Dns;
use MtaSts::Docs qw(section snippet);
use MtaSts::World;
use Test::More;

enter_world();

my $world = MtaSts::World->new;
my $steps = 'One domain, from nothing to `enforce`';

my @sh = map { snippet('README.md', $steps, $_, 'sh') } 0 .. 3;
my ($reload, $check) = @sh[1, 2];

is($sh[3], $check, 'steps 5 and 7 are one command');
like($reload, qr/^sudo nginx -t && sudo nginx -s reload$/, 'step 4 reloads');

# a domain that receives mail, and knows nothing of MTA-STS

my $dns = MtaSts::Dns->named(key => 1, zones => {
    'example.com' => "@ MX 10 mail\nmail A 192.0.2.10\n" });
my $unbound = MtaSts::Dns->unbound(stubs => { 'example.com' => $dns },
                                   conf => 'cache-max-ttl: 0');
my $mail = $world->cert('mail', ['mail.example.com']);
my $web = $world->cert('web', ['mta-sts.example.com']);

$world->postfix('192.0.2.10' => ["smtpd_tls_chain_files=$mail.key,$mail.pem"]);

my $nginx = $world->nginx('');
my $conf = $nginx->dir . '/nginx.conf';
my @net = ('-c', $conf, '--resolver', '127.0.0.1:' . $unbound->port,
           '--ca', $world->ca);


# Publishes lines of a zone file; what is at a name is replaced.

sub publish {
    my ($lines) = @_;
    my %names = map { (split)[0] => 1 } split /\n/, $lines;
    my $script = 'server 127.0.0.1 ' . $dns->port . "\n"
        . join('', map { "update delete $_\n" } sort keys %names)
        . join('', map { "update add $_\n" } split /\n/, $lines) . "send\n";
    my ($status, $out, $err) = run($script, 'nsupdate', '-k', $dns->key_file);
    is("$status $out$err", '0 ', 'published');
}


# Writes nginx.conf, with our certificate.

sub configure {
    my ($server) = @_;

    $server =~ s{(ssl_certificate +)\S+;}{$1$web.pem;};
    $server =~ s{(ssl_certificate_key +)\S+;}{$1$web.key;};
    $nginx->conf("server { listen 127.0.0.1:%%PORT0%%; }\n$server");
}


# Step 4, with our nginx.

sub reload {
    my $command = $reload
        =~ s{sudo nginx}{$MtaSts::NGINX -p $nginx->{dir}/ -c nginx.conf}gr;

    # nginx -t leaks by design

    local $ENV{ASAN_OPTIONS} = join ':', $ENV{ASAN_OPTIONS} // (), 'detect_leaks=0';

    $nginx->logged($MtaSts::GONE, sub {
        my ($status, $out, $err) = run('', 'sh', '-c', $command);
        is($status, 0, 'nginx reloads') or diag($err);
    });
}


# The codes that the command of steps 5 and 7 finds.

sub found {
    my (undef, @words) = split ' ', $check;
    my ($rc, $out, $err) = helper(@words, @net, '-f', 'json');
    my @codes = sort map { $_->{code} } @{ decode_json($out)->[0]{findings} };
    return "$rc: @codes";
}


# Step 6: what is printed.

sub records {
    my ($command) = snippet('README.md', $steps, 0, 'console')
        =~ /^\$ mta-sts (.*)$/m;
    return helper((split ' ', $command), @net);
}


# 1 to 4

publish(snippet('README.md', $steps, 0, 'zone'));
my $server = snippet('README.md', $steps, 0, 'nginx');
configure($server);
reload();


# 5: what is expected, as the document says

my ($expected) = section('README.md', $steps) =~ /^\*\*5\..*?so (.*?)\. /ms;
is(found(), '1: ' . join(' ', sort $expected =~ /`([a-z-]+)`/g),
   'the first check finds what the document says');

# 6

my ($rc, $out, $err) = records();
my ($shown) = snippet('README.md', $steps, 0, 'console') =~ /^\$.*?\n(.*)/s;
is("$rc $err", '0 ', 'the records');
is($out, $shown, '... are those of the document');
publish($out);

# 7

my ($notes) = section('README.md', $steps) =~ /^\*\*7\.(.*?)since /ms;
is(found(), '0: ' . join(' ', sort $notes =~ /`([a-z-]+)`/g),
   'the second check finds the notes that the document names');


# 8: the record waits for the policy

my $testing = $server;
$server =~ s/mta_sts_mode +testing;/mta_sts_mode enforce;/;
configure($server);
($rc, $out) = records();
is($rc, 1, 'enforce: something is held back before the reload');
unlike($out, qr/^_mta-sts/m, '... which is the record of the policy');

reload();
is(found(), '1: tlsrpt-own txt-id-differs', '... after it, the old record is found');

my $change = 'The order of every change';
my ($changed) = snippet('docs/hosting.md', $change, 1) =~ /^mta-sts (.*)$/m;
($rc, $out, $err) = helper((split ' ', $changed), @net);
like($out, qr/Value  (\S.*)\n    Old    (?!\1)/, '... as the old value of a change');
unlike($out, qr/_smtp/, '... that only this record has');

($rc, $out) = records();
is($rc, 0, '... and the new one printed');
isnt((split /\n/, $out)[0], (split /\n/, $shown)[0], '... with a new id');
my $enforce = $out;
publish($out);
is(found(), '0: tlsrpt-own', 'nothing else is found in enforce');
like((helper('policy', '-c', $conf, 'example.com'))[1], qr/^mode: enforce\r$/m,
     '... which it is');


# The commands of docs/monitoring.md that need no state, with a domain that has no fault

{
    my @commands = (snippet('docs/monitoring.md', 'Nagios', 0, 'sh'),
                    snippet('docs/monitoring.md', 'Mail', 1, 'sh'));
    my $dir = $world->dir;
    my $helper = $MtaSts::BUILD =~ m{^/} ? "$MtaSts::BUILD/mta-sts"
                                         : "$ENV{PWD}/$MtaSts::BUILD/mta-sts";
    my @want = (qr/^\w.*OK/, qr/\A\z/);

    run('', 'sh', '-c', "cd $dir && $helper check @net -f json > last.json");

    for my $i (0 .. 1) {
        $commands[$i] =~ s{mta-sts check}{$helper check @net}g;
        my ($rc, $out, $err) = run('', 'sh', '-c', "cd $dir && $commands[$i]");
        is("$rc $err", '0 ', "monitoring: command $i");
        like($out, $want[$i], '... prints what it should');
    }
}


# A way back, as docs/hosting.md has it: no policy twice

$testing =~ s/(mta_sts_mode .*\n)/$1    mta_sts_max_age      604801;\n/;
configure($testing);
reload();
my ($back) = section('docs/hosting.md', 'Rolling back') =~ /mta-sts (records .*)/;
($rc, $out, $err) = helper((split ' ', $back), @net);
is("$rc $err", '0 ', 'back to testing');
isnt((split /\n/, $out)[0], (split /\n/)[0], '... with an id that is new')
    for $shown, $enforce;
publish($out);
is(found(), '0: policy-testing tlsrpt-own', '... and nothing else is found');

$nginx->stop;

done_testing();
