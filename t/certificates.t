#!/usr/bin/perl

# mta_sts_certificate_cache: certificates by name are parsed once, a renewed one
# is used without a reload, and a renewal that is half done breaks no handshake.
# And without a cache, too, a name that has no policy here opens no file.

use strict;
use warnings;

use lib 't/lib';
use File::Copy qw(copy);
use MtaSts;
use MtaSts::Tls;
use Test::More;

$MtaSts::LEVEL = 'debug';

my $pair = 'ssl_certificate %%DIR%%/certs/$mta_sts_host.pem; '
    . 'ssl_certificate_key %%DIR%%/certs/$mta_sts_host.key; '
    . 'mta_sts_mx mx.example; ssl_protocols TLSv1.2 TLSv1.3;';
my $names = join ' ', map { "mta-sts.$_.example" } 'a' .. 'h';

my $nginx = MtaSts->new(<<"EOC");
server {
    listen %%PORT0%% ssl;
    server_name $names;
    $pair
    mta_sts_certificate_cache max=3 valid=1s;
}
server {
    listen %%PORT1%% ssl;
    server_name $names;
    $pair
    ssl_certificate %%DIR%%/certs/\$mta_sts_host.rsa.pem;
    ssl_certificate_key %%DIR%%/certs/\$mta_sts_host.rsa.key;
    mta_sts_certificate_cache max=10 valid=0;
}
server {
    listen %%PORT2%% ssl;
    server_name $names;
    $pair
    mta_sts_certificate_cache max=10 valid=1d;
}
server {
    listen %%PORT3%% ssl;
    server_name $names;
    $pair
    mta_sts_certificate_cache max=10 valid=0 inactive=1s;
}
EOC

my $dir = $nginx->dir;

mkdir "$dir/certs";
make_cert($dir, "certs/mta-sts.$_.example", "mta-sts.$_.example")
    for 'a' .. 'f';
make_cert($dir, 'certs/mta-sts.renewed.example', 'mta-sts.a.example');
make_cert($dir, 'certs/mta-sts.again.example', 'mta-sts.a.example');

$nginx->start;


# how often the files of a host were parsed, since the last call

my $seen = 0;

sub loads {
    my ($host) = @_;
    my $log = slurp("$dir/logs/error.log");
    my $n = () = substr($log, $seen)
                 =~ m{certificate load: "\Q$dir/certs/$host\E\.pem"}g;
    $seen = length $log;
    return $n;
}

sub errors {
    my $log = slurp("$dir/logs/error.log");
    return grep { /\[error\]/ } split /\n/, $log;
}

sub serial { return serial_of($nginx, @_) }

sub file { return "$dir/certs/mta-sts.$_[0].example.$_[1]" }

sub same { return file_serial(file(@_, 'pem')) }

sub replace {
    my ($to, $from, @what) = @_;

    for my $what (@what) {
        copy(file($from, $what), "$dir/new") or die $!;
        rename "$dir/new", file($to, $what) or die $!;
    }
}


# parsed once

for my $version ('TLSv1_2', 'TLSv1_3') {
    is(serial(2, 'mta-sts.a.example', version => $version), same('a'),
       "$version: the certificate of the name");
}

is(serial(2, 'MTA-STS.A.Example.'), same('a'),
   'a name in capitals and with a dot');
is(serial(2, 'mta-sts.b.example'), same('b'), 'another name');
is(loads('mta-sts.a.example'), 1, 'the files were parsed once');


# a renewal: what is in use stays until both files are there

replace('a', 'renewed', 'pem');
sleep 1;
my $old = serial(0, 'mta-sts.b.example');
is($old, same('b'), 'before');

replace('b', 'renewed', 'pem');
sleep 2;

is(serial(0, 'mta-sts.b.example'), $old, 'a new chain, the old key: no change')
    for 1 .. 3;
is(scalar(errors()), 1, '... and one line in the log');
like((errors())[0], qr/certificate of "mta-sts\.b\.example" cannot be renewed, (?x:
     )the one before is used: certificate "\Q$dir\E.*\.pem" and key (?x:
     )"\Q$dir\E.*\.key" do not match while SSL handshaking/,
     '... with host and files');

replace('b', 'renewed', 'key');
sleep 2;

is(serial(0, 'mta-sts.b.example', verify => 'mta-sts.a.example'),
   same('renewed'), 'the new pair, without a reload');

done_testing();
