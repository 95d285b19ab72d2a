#!/usr/bin/perl

# Domains with very many servers that swallow every packet, and few file
# descriptors: every other domain gets exactly the findings that it gets without
# them, and no lookup is lost.

use strict;
use warnings;

use lib 't/lib';
use MtaSts;
use MtaSts::World;
use Test::More;
use Time::HiRes qw(time);

enter_world();

$ENV{PATH} .= ':/usr/sbin:/sbin';

my $HOSTILE = 5;
my $MX = 32;
my $ADDRESSES = 8;
my $OTHERS = 200;

my $world = MtaSts::World->new;
my $dir = $world->dir;
my $policy = "version: STSv1\r\nmode: enforce\r\nmx: mx.good.example\r\n"
           . "max_age: 604800\r\n";

my @others = map { "d$_" } 1 .. $OTHERS;
my @hostile = map { "a$_" } 1 .. $HOSTILE;

my $cert = $world->cert('good', [map { "mta-sts.$_.example" } @others]);
my $old = $world->cert('old', ['mta-sts.expired.example'], from => -9100,
                       to => -9000);

my $records = "mx.good A 192.0.2.10\n" . join '', map {
    "mta-sts.$_ A 192.0.2.1\n_mta-sts.$_ TXT \"v=STSv1; id=1;\"\n"
    . "_smtp._tls.$_ TXT \"v=TLSRPTv1; rua=mailto:a\@b.example\"\n"
    . "$_ MX 1 mx.good\n" } @others, 'expired';

for my $name (@hostile) {
    $records .= join '', map { "mta-sts.$name A 198.18.0.$_\n" } 1 .. 16;

    for my $mx (1 .. $MX) {
        $records .= "$name MX 1 mx$mx.$name\n" . join '', map {
            "mx$mx.$name A 198.18.1.$_\n" } 1 .. $ADDRESSES;
    }
}

$world->dns($records, [], []);
$world->nginx(web(join(' ', map { "mta-sts.$_.example" } @others), $cert,
                  'default_type text/plain; root %%DIR%%; '
                  . 'location / { try_files /p.txt =404; }')
              . web('mta-sts.expired.example', $old, 'return 404;'),
              'p.txt' => $policy);
$world->cert('mx', ['mx.good.example']);
$world->postfix('192.0.2.10' =>
                ["smtpd_tls_chain_files=$dir/mx.key,$dir/mx.pem"]);

my @args = ("$ENV{MTA_STS_BUILD}/mta-sts", 'check', '--no-config', '-f',
            'json', '--resolver', $world->resolver, '--ca', $world->ca);

sub check {
    my ($limit, $options, @names) = @_;
    my $begin = time;
    my @check = ('sh', '-c', "ulimit -n $limit && exec \"\$@\"", 'sh', @args,
                 split ' ', $options);
    my ($status, $out, $err) = run('', @check, map { "$_.example" } @names);
    my $seconds = time - $begin;
    my $list = look_again($out, sub { (run('', @check, @_))[1] }) or diag "$out$err";
    my %found = map { $_->{domain} => join ' | ', map { $_->{text} }
                      @{ $_->{findings} } } @{ $list // [] };
    return ($seconds, \%found);
}

# a lookup without an answer is sent again after a third of the timeout

my ($seconds, $alone) = check(1024, '--timeout 90', @others, 'expired');

is($alone->{"$_.example"}, '', "$_ is healthy") for @others[0, -1];
like($alone->{'expired.example'}, qr/expired 9000 days ago/,
     'and one certificate has expired');
cmp_ok($seconds, '<', 30, 'no lookup was lost');

for my $limit (1024, 200) {
    (undef, my $found) = check($limit, '--timeout 2 --jobs 16', @hostile, @others,
                               'expired');

    is(join(' ', grep { $found->{"$_.example"} ne $alone->{"$_.example"} }
                 @others, 'expired'), '',
       "$limit descriptors: the others get the same findings");
    like($found->{"$_.example"}, qr/no answer in time/, "$limit: $_")
        for @hostile;
    unlike(join('', values %$found), qr/not tried/, "$limit: all was tried");
}

$world->stop;
done_testing();
