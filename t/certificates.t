#!/usr/bin/perl

# mta_sts_certificate_cache: certificates by name are parsed once, a renewed one
# is used without a reload, and a renewal that is half done breaks no handshake.

use strict;
use warnings;

use lib 't/lib';
use File::Copy qw(copy);
use MtaSts;
use MtaSts::Tls;
use POSIX qw(mkfifo);
use Test::More;

# "certificate load" says what is parsed

$MtaSts::LEVEL = 'debug';

my @hosts = map { "mta-sts.$_.example" } 'a' .. 'k';
my $server = "server_name @hosts; mta_sts_mx mx.example; "
    . 'ssl_protocols TLSv1.2 TLSv1.3; ';
my $pair = 'ssl_certificate certs/$mta_sts_host.pem; '
    . 'ssl_certificate_key %%DIR%%/certs/$mta_sts_host.key; ';

my $nginx = MtaSts->new(<<"EOC");
server {
    listen 127.0.0.1:%%PORT0%% ssl;
    $server
    $pair
    mta_sts_certificate_cache max=3 valid=2s;
}
server {
    listen 127.0.0.1:%%PORT1%% ssl;
    $server
    $pair
    ssl_certificate certs/\$mta_sts_host.rsa.pem;
    ssl_certificate_key certs/\$mta_sts_host.rsa.key;
    mta_sts_certificate_cache max=10;
}
server {
    listen 127.0.0.1:%%PORT2%% ssl;
    $server
    $pair
    mta_sts_certificate_cache max=10 valid=1d;
}
server {
    listen 127.0.0.1:%%PORT3%% ssl;
    $server
    $pair
    mta_sts_certificate_cache max=10 valid=0;
}
server {
    listen 127.0.0.1:%%PORT4%% ssl;
    $server
    $pair
    mta_sts_certificate_cache max=10 valid=0 inactive=2s;
}
server {
    listen 127.0.0.1:%%PORT5%% ssl;
    $server
    $pair
    ssl_password_file %%DIR%%/password;
    mta_sts_certificate_cache max=10;
}
EOC

my $dir = $nginx->dir;

sub file { return "$dir/certs/mta-sts.$_[0].example.$_[1]" }

mkdir "$dir/certs";
make_cert($dir, "certs/mta-sts.$_.example", "mta-sts.$_.example")
    for 'a' .. 'f', 'j', 'k', 'new', 'newer';
spew("$dir/password", "secret\n");

$nginx->start;


# How often the files of names were parsed since the last call, and the lines
# with errors since then.

my ($seen, $said) = (0, 0);

sub loads {
    my $log = slurp("$dir/logs/error.log");
    my $files = join '|', map { quotemeta file($_, 'pem') } @_;
    my $n = () = substr($log, $seen) =~ /certificate load: "(?:$files)"/g;
    $seen = length $log;
    return $n;
}

sub errors {
    my $log = slurp("$dir/logs/error.log");
    my @lines = grep { /\[error\]/ } split /\n/, substr $log, $said;
    $said = length $log;
    return @lines;
}

sub got {
    my ($n, $name, @options) = @_;
    return serial_of($nginx, $n, "mta-sts.$name.example", @options);
}

sub same { return file_serial(file($_[0], 'pem')) }

my $failed = qr/^TLS: .*internal error/;


# Files of one name over those of another, as new files or in place.

sub replace {
    my ($to, $from, @kinds) = @_;

    for my $kind (@kinds) {
        copy(file($from, $kind), "$dir/next") or die $!;
        rename "$dir/next", file($to, $kind) or die $!;
    }
}

sub overwrite {
    my ($to, $from, @kinds) = @_;
    spew(file($to, $_), slurp(file($from, $_))) for @kinds;
}


# Files that were written less than two seconds ago are looked at again, since
# they may change without another time.

sub settle {
    my @files = map { (file($_, 'pem'), file($_, 'key')) } @_;
    within(sub { !grep { (stat)[10] + 2 >= time } @files }) or die;
}


subtest 'parsed once' => sub {
    settle('a');

    for my $version ('TLSv1_2', 'TLSv1_3') {
        is(got(2, 'a', version => $version), same('a'), $version);
    }

    is(serial_of($nginx, 2, 'MTA-STS.A.Example.'), same('a'),
       'in capitals and with a dot');
    is(got(2, 'b'), same('b'), 'another name');
    is(loads('a'), 1, 'once');
};


subtest 'a chain and its key, renewed in two steps' => sub {
    my $old = same('b');

    is(got(0, 'b'), $old, 'before');
    errors();

    replace('b', 'new', 'pem');

    my ($begin, @lines, %got);
    ok(within(sub { $begin = time; $got{ got(0, 'b') } = 1; @lines = errors() }),
       'a new chain, the old key');
    is("@{[keys %got]}", $old, '... no change');
    is(@lines, 1, '... and one line in the log');
    like($lines[0], qr/certificate of "mta-sts\.b\.example" cannot be renewed, (?x:
         )the one before is used: certificate "\Q$dir\E.*\.pem" and key (?x:
         )"\Q$dir\E.*\.key" do not match while SSL handshaking/,
         '... with host and files');

    is(got(0, 'b'), $old, '... later handshakes') for 1 .. 3;
    cmp_ok(scalar(errors()), '<=', time - $begin, '... look no more before "valid"');

    replace('b', 'new', 'key');
    ok(within(sub { got(0, 'b') eq same('new') }), 'the new pair');
    is(scalar(errors()), 0, '... and no line');
    is(got(2, 'b'), $old, 'before "valid", the old one');
};


subtest 'in place, with files of the same size' => sub {
    is(got(3, 'b'), same('new'), 'before');

    overwrite('b', 'newer', 'pem');
    is(got(3, 'b'), file_serial(file('new', 'pem')), 'half done: no change');

    overwrite('b', 'newer', 'key');
    ok(within(sub { got(3, 'b') eq same('newer') }), 'the new pair');

    # within a clock tick of the file system

    my $size = -s file('c', 'key');

    is(got(3, 'c'), same('c'), 'before');

    for my $from ('new', 'newer') {
        overwrite('c', $from, 'pem', 'key');
        got(3, 'c');
    }

    is(-s file('c', 'key'), $size, 'keys of one size');
    ok(within(sub { got(3, 'c') eq same('newer') }), 'the last one');
};


subtest 'what is broken, with a last good pair' => sub {
    my %good = map { $_ => same($_) } 'd', 'j', 'k';
    my $good = $good{d};

    my @cases = (
        ['d', 'no certificate in ".*\.pem" \(no start line\)', 'pem', ''],
        ['j', 'no private key in ".*\.key" \(', 'key', "garbage\n"],
        ['k', 'broken chain in ".*\.pem" \(', 'pem',
         slurp(file('k', 'pem')) . "-----BEGIN CERTIFICATE-----\n"]);

    my $whole = slurp(file('d', 'pem'));

    for my $case (@cases) {
        my ($name, undef, $kind, $text) = @$case;
        is(got(3, $name), $good{$name}, 'before');
        spew(file($name, $kind), $text);
    }

    settle(keys %good);

    for my $case (@cases) {
        my ($name, $line) = @$case;

        got(3, $name);
        loads($name);
        errors();

        is(got(3, $name), $good{$name}, 'the last good one') for 1 .. 3;
        is(loads($name), 0, '... without another parse');

        my @lines = errors();
        is(@lines, 3, '... with a line each time that the files are looked at');
        like($lines[0], qr/cannot be renewed, the one before is used: $line/,
             '... that says why');
    }

    spew(file('d', 'pem'), $whole);
    unlink file('d', 'key');
    is(got(3, 'd'), $good, 'a file that is gone: the last good one');
    like((errors())[-1], qr/: open\(\) ".*\.key" failed \(2: No such/,
         '... says why');

    mkfifo(file('d', 'key'), 0600);
    is(got(3, 'd'), $good, 'a pipe: the last good one');
    like((errors())[-1], qr/: ".*\.key" is not a regular file/, '... says why');

    unlink file('d', 'key');
    mkdir file('d', 'key');
    is(got(3, 'd'), $good, 'a directory: the last good one');
    like((errors())[-1], qr/: ".*\.key" is a directory/, '... says why');

    rmdir file('d', 'key');
    spew(file('d', 'key'), ' ' x 1048577);
    is(got(3, 'd'), $good, 'a large file: the last good one');
    like((errors())[-1], qr/: ".*\.key" is larger than 1048576 bytes/,
         '... says why');

    replace('d', 'new', 'pem', 'key');
    is(got(3, 'd'), same('new'), 'a new pair');
};


subtest 'without a last good pair' => sub {
    like(got(2, 'g'), $failed, 'no file: the handshake fails');
    like((errors())[-1], qr/no certificate for "mta-sts\.g\.example": (?x:
         )open\(\) "\Q$dir\E\/certs\/mta-sts\.g\.example\.pem" failed (?x:
         )\(2: No such file or directory\) while SSL handshaking/,
         '... and the log says for which host and file');

    replace('g', 'new', 'pem');
    spew(file('g', 'key'), slurp(file('newer', 'key')));
    settle('g');
    loads('g');
    errors();

    like(got(2, 'g'), $failed, 'another key: the handshake fails') for 1 .. 5;
    is(loads('g'), 1, '... and the files are parsed once');
    is(scalar(grep { /no certificate for "mta-sts\.g\.example": cert/ } errors()),
       5, '... and the log says so each time');

    replace('g', 'new', 'key');
    is(got(2, 'g'), same('new'), 'as soon as they match, they are used');

    my ($status) = run('', 'openssl', 'ec', '-aes128', '-passout', 'pass:secret',
                       '-in', file('newer', 'key'), '-out', file('h', 'key'));
    is($status, 0, 'a key with a password');
    replace('h', 'newer', 'pem');

    like(got(2, 'h'), $failed, '... fails');
    like((errors())[-1], qr/: the key in ".*\.key" has a password/, '... says why');
    is(got(5, 'h'), same('newer'),
       '... and with ssl_password_file nginx itself loads it');
};


subtest 'the least recently used goes' => sub {
    settle('a', 'e', 'f');
    got(0, $_) for 'a', 'e', 'f', 'a';
    loads('a');

    # two that fail take no place

    spew(file('i', $_), 'garbage') for 'pem', 'key';
    like(got(0, $_), $failed, "$_ fails") for 'i', 'i';

    got(0, $_) for 'a', 'e', 'f', 'a';
    is(loads('a', 'e', 'f'), 0, 'all are there');

    is(got(0, 'g'), same('g'), 'a fourth');
    got(0, 'a');
    is(loads('a'), 0, 'the last used is there');
    got(0, 'e');
    is(loads('e'), 1, 'the least recently used is not');
};


subtest 'inactive' => sub {
    my $key = slurp(file('e', 'key'));

    # on a busy machine, two handshakes may take longer than an entry lives

    ok(within(sub {
        spew(file('e', 'key'), $key);
        is(got(4, 'e'), same('e'), 'before');
        rename file('e', 'key'), "$dir/away.key" or die $!;
        return got(4, 'e') eq same('e');
    }), 'the last good one');
    sleep 3;
    like(got(4, 'e'), $failed, '... as long as the entry lives');
    rename "$dir/away.key", file('e', 'key') or die $!;
    is(got(4, 'e'), same('e'), 'there again');
};


subtest 'RSA and ECDSA' => sub {
    my ($status, undef, $err) = run('', 'openssl', 'req', '-x509', '-nodes',
        '-newkey', 'rsa:2048', '-subj', '/CN=test', '-keyout',
        file('f', 'rsa.key'), '-out', file('f', 'rsa.pem'));
    is($status, 0, 'an RSA certificate') or diag($err);

    my $rsa = file_serial(file('f', 'rsa.pem'));

    for (1, 2) {
        is(got(1, 'f', version => 'TLSv1_2', cipher_list => 'aRSA'), $rsa,
           'the client wants RSA');
        is(got(1, 'f', version => 'TLSv1_2', cipher_list => 'aECDSA'),
           same('f'), 'the client wants ECDSA');
        is(got(1, 'f'), same('f'), 'TLS 1.3');
    }

    is(loads('f'), 1, 'parsed once');
};


subtest 'chains' => sub {
    my $ca = slurp("$dir/ca.pem");

    for my $name ('e', 'f') {
        spew(file($name, 'pem'), slurp(file($name, 'pem')) . $ca);
        my $sock = handshake($nginx, 3, "mta-sts.$name.example") or die;
        is(scalar(my @chain = $sock->peer_certificates), 2, "$name: both");
    }

    # a certificate that two chains have stays for the other one

    replace('e', 'new', 'pem', 'key');
    is(got(3, 'e'), same('new'), 'e: another one, without the CA');

    my $sock = handshake($nginx, 3, 'mta-sts.f.example');
    is(scalar(my @chain = $sock->peer_certificates), 2, 'f: still both');

    my ($status) = run('', 'openssl', 'x509', '-trustout', '-in',
                       file('new', 'pem'), '-out', file('e', 'pem'));
    is(got(3, 'e'), same('new'), 'BEGIN TRUSTED CERTIFICATE');
};


$nginx->stop(qr/cannot load certificate/);

done_testing();
