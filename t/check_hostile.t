#!/usr/bin/perl

# Untrusted servers of check and import: they hang, close, trickle, send without end, or send what
# would control a terminal.  None delays the healthy domain next to them, and none
# costs memory.

use strict;
use warnings;

use lib 't/lib';
use IO::Socket::SSL;
use MtaSts;
use MtaSts::World;
use Test::More;

enter_world();

$ENV{PATH} .= ':/usr/sbin:/sbin';

my $MEGABYTE = 'x' x 1048576;

my $world = MtaSts::World->new;
my $dir = $world->dir;
my $policy = "version: STSv1\r\nmode: enforce\r\nmx: mx.good.example\r\n"
           . "max_age: 604800\r\n";
my $escape = "\e[31m\e]0;title\a\x9b2J\r\b\x7f";

# each name has a server of its own, with TLS: what it does with a connection,
# and what is found

my @servers = (
    [closes => 'policy-closed', sub { }],
    [hangs => 'policy-timeout', sub { sleep 100 }],
    [trickles => 'policy-timeout', sub {
        print { $_[0] } "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n";
        for my $ch (split //, $policy) {
            print { $_[0] } $ch;
            sleep 1;
        }
    }],
    [half => 'policy-closed', sub {
        print { $_[0] } "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf";
    }],
    [gigabyte => 'policy-too-large', sub {
        print { $_[0] } "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n";
        print { $_[0] } $MEGABYTE or return for 1 .. 1024;
    }],
    [headers => 'policy-too-large', sub {
        print { $_[0] } "HTTP/1.1 200 OK\r\n";
        print { $_[0] } "X-Header-$_: " . 'y' x 1000 . "\r\n" or return
            for 1 .. 1000000;
    }],
    [line => 'policy-closed policy-too-large', sub {
        print { $_[0] } 'HTTP/1.1 200 OK';
        print { $_[0] } $MEGABYTE or return for 1 .. 1024;
    }],
    [continues => 'policy-too-large', sub {
        print { $_[0] } "HTTP/1.1 100 Continue\r\n\r\n" or return
            for 1 .. 1000000;
    }],
    [redirects => 'policy-redirect', sub {
        print { $_[0] } "HTTP/1.1 301 Moved\r\nLocation: https://x/$escape\r\n"
            . "Content-Length: 0\r\n\r\n";
    }],
    [types => 'policy-type', sub {
        print { $_[0] } "HTTP/1.1 200 OK\r\nContent-Type: $escape\r\n"
            . 'Content-Length: ' . length($policy) . "\r\n\r\n$policy";
    }],
    [bodies => 'policy-syntax', sub {
        my $body = "${policy}a: $escape\r\n";
        print { $_[0] } "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
            . 'Content-Length: ' . length($body) . "\r\n\r\n$body";
    }],
    [random => 'policy-closed', sub { print { $_[0] } "\x00\xff\x16\x03" x 99 }],
);

# the same for mail servers, in plain text

my @mail = (
    [mhangs => 'smtp-answer', sub { sleep 100 }],
    [mcloses => 'smtp-answer', sub { }],
    [mlines => 'smtp-answer', sub {
        print { $_[0] } "220-more\r\n" or return for 1 .. 100000000;
    }],
    [mescapes => 'smtp-answer', sub { print { $_[0] } "554 $escape\r\n" }],
    [mrefuses => 'smtp-starttls', sub {
        my ($client) = @_;
        print $client "220 hi\r\n";
        <$client>;
        print $client "250-hi\r\n250 STARTTLS\r\n";
        <$client>;
        print $client "554 $escape\r\n";
        <$client>;
    }],
    [mplain => 'smtp-tls', sub {
        my ($client) = @_;
        print $client "220 hi\r\n";
        <$client>;
        print $client "250-hi\r\n250 STARTTLS\r\n";
        <$client>;
        print $client "220 go\r\n";
        sysread $client, my $hello, 1;
        print $client "this is not TLS at all\r\n" x 50;
        <$client>;
    }],
);

my $cert = $world->cert('all', [map { "mta-sts.$_->[0].example" } @servers,
                                @mail, ['healthy'], ['escapes']]);
my (%expect, $address);
my $records = "mx.good A 192.0.2.1\n";

$address = 10;

for my $server (@servers) {
    my ($name, $found, $code) = @$server;
    my $ip = '192.0.2.' . $address++;

    $expect{"$name.example"} = $found;
    $records .= "mta-sts.$name A $ip\n_mta-sts.$name TXT \"v=STSv1; id=1;\"\n"
              . "$name MX 1 mx.good\n"
              . "_smtp._tls.$name TXT \"v=TLSRPTv1; rua=mailto:a\@b.example\"\n";

    $world->listener($ip, 443, sub {
        my ($client) = @_;
        IO::Socket::SSL->start_SSL($client, SSL_server => 1,
            SSL_cert_file => "$cert.pem", SSL_key_file => "$cert.key")
            or return;
        while (<$client>) {
            last if /^\r?$/;
        }
        $code->($client);
        $client->close;
    });
}

for my $server (@mail) {
    my ($name, $found, $code) = @$server;
    my $ip = '192.0.2.' . $address++;

    $expect{"$name.example"} = "$found mx-not-covered mx-stale";
    $records .= "mta-sts.$name A 192.0.2.1\n$name MX 1 mx.$name\n"
              . "_mta-sts.$name TXT \"v=STSv1; id=1;\"\nmx.$name A $ip\n"
              . "_smtp._tls.$name TXT \"v=TLSRPTv1; rua=mailto:a\@b.example\"\n";

    $world->listener($ip, 25, sub { $_[0]->autoflush(1); $code->($_[0]) });
}

$expect{'healthy.example'} = '';
$expect{'escapes.example'} = 'txt-id-syntax';

$records .= <<"EOZ";
mta-sts.healthy A 192.0.2.1
healthy MX 1 mx.good
_mta-sts.healthy TXT "v=STSv1; id=1;"
_smtp._tls.healthy TXT "v=TLSRPTv1; rua=mailto:a\@b.example"
mta-sts.escapes A 192.0.2.1
escapes MX 1 mx.good
_mta-sts.escapes TXT "v=STSv1; id=\\027[31m\\027]0;"
_smtp._tls.escapes TXT "v=TLSRPTv1; rua=mailto:a\@b.example"
EOZ

$world->dns($records, [], []);
$world->nginx(web('mta-sts.healthy.example', $cert, 'default_type text/plain; '
                  . 'root %%DIR%%; location / { try_files /p.txt =404; }'),
              'p.txt' => $policy);
$world->postfix('192.0.2.1' => ["smtpd_tls_chain_files=$dir/mx.key,$dir/mx.pem"])
    if $world->cert('mx', ['mx.good.example']);

my @args = ('check', '--no-config', '--resolver', $world->resolver, '--ca',
            $world->ca, '--timeout');


# peak memory, of a build without sanitizers

my @time = $ENV{MTA_STS_BUILD} =~ /asan/ ? () : ('/usr/bin/time', '-f', '%M kilobytes');

for my $format (qw(json text nagios prometheus)) {
    my $timeout = $format eq 'json' ? 10 : 4;       # of which findings are compared
    my @check = ("$ENV{MTA_STS_BUILD}/mta-sts", @args, $timeout, '--smtp-timeout',
                 $timeout, '-f', $format);
    my ($status, $out, $err) = run('', @time, @check, sort keys %expect);

    is($status, $format eq 'nagios' ? 2 : 1, "$format: status") or diag $err;
    unlike($out, qr/[^\x20-\x7e\n]/, "$format: no control characters on standard output");
    unlike($err, qr/[^\x20-\x7e\n]/, "$format: nor on standard error");
    unlike($out . $err, qr/out of memory/i, "$format: no allocation failed");

    if (@time) {
        my ($kb) = $err =~ /^(\d+) kilobytes/m;
        cmp_ok($kb, '<', 100000, "$format: memory");
    }

    next if $format ne 'json';

    for my $domain (@{ look_again($out, sub { (run('', @check, @_))[1] }) }) {
        my $name = $domain->{domain};
        my %once = map { $_->{code} => 1 } @{ $domain->{findings} };
        my $got = join ' ', sort keys %once;
        ok((grep { $_ eq $got } $expect{$name},
            $expect{$name} =~ /^policy-closed policy/ ? split / /,
            $expect{$name} : (),
            join ' ', sort split / /, $expect{$name}), "$name: $got")
            or diag explain $domain;
    }
}

# import takes what is healthy, and neither fails nor believes the others

my @import = ('import', '--resolver', $world->resolver, '--ca', $world->ca,
              '--timeout', 8);
my ($status, $out, $err) = run('', @time, "$ENV{MTA_STS_BUILD}/mta-sts", @import,
                               sort keys %expect);

is($status, 3, 'import: status');
unlike($out . $err, qr/[^\x20-\x7e\n]/, 'import: no control characters');
unlike($out . $err, qr/out of memory/i, 'import: no allocation failed');
is(join(' ', sort $out =~ /^  (\S+\.example):/mg),
   join(' ', sort 'healthy.example', map { "$_->[0].example" } @mail),
   'import: the healthy policies');

for my $server (@servers) {
    my ($name) = @$server;
    my $want = $name =~ /^(?:hangs|trickles)$/ ? 'unknown' : 'not imported';
    like($err, qr/^mta-sts: $name\.example: $want: /m, "import: $name is $want");
}

like($err, qr/^mta-sts: escapes\.example: not imported: id /m, 'import: escapes');

if (@time) {
    my ($kb) = $err =~ /^(\d+) kilobytes/m;
    cmp_ok($kb, '<', 100000, 'import: memory');
}

$world->stop;
done_testing();
