#!/usr/bin/perl

# A failing allocation while nginx reads its configuration: nginx does not start,
# reports that memory ran out and no fault of a domain, file or directive.  This nginx
# has pools that ask malloc() for each piece (NGX_DEBUG_PALLOC), so that each
# allocation of the module is one of malloc().
#
# A failing allocation during a reload: the old policies stay in service.

use strict;
use warnings;

use lib 't/lib';
use File::Temp qw(tempdir);
use MtaSts;
use MtaSts::Fault qw(fault_env);
use Test::More;

# a build with sanitizers has such an nginx already

if (($ENV{ASAN_OPTIONS} // '') eq '') {
    $MtaSts::NGINX = "$MtaSts::PLAIN/t/fault/nginx/sbin/nginx";
    $MtaSts::MODULE = '';
}

my $conf = <<'EOC';
log_format mta_sts '$mta_sts_domain $mta_sts_mode $mta_sts_id $mta_sts_host';
mta_sts_max_age 2w;
mta_sts_tlsrpt_rua mailto:a@reports.example https://reports.example/;
server {
    listen 127.0.0.1:%%PORT0%%;
    server_name mta-sts.a.example mta-sts.b.example;
    mta_sts_mode enforce;
    mta_sts_mx mx.a.example *.mx.example;
    mta_sts_mx mail.a.example;
    location = / { mta_sts_generator; }
    location = /status { mta_sts_status zone=32k; }
}
server {
    listen 127.0.0.1:%%PORT0%%;
    server_name mta-sts.*;
    access_log logs/access.log mta_sts;
    mta_sts_domains *.yaml;
}
server {
    listen 127.0.0.1:%%PORT0%%;
    server_name www.example;
    mta_sts off;
}
EOC

# none fails before http's part: nginx itself would crash in
# ngx_regex_cleanup(), and libc in getpwnam(); and none in glob() of a reload, where
# libc may end the master, see MtaSts::Fault

sub instance {
    my $nginx = MtaSts->new('include http.conf;', %MtaSts::Fault::YAML);
    my $text = $nginx->expand($conf);
    spew($nginx->dir . '/http.conf', $text);
    spew($nginx->dir . '/again.conf', $text =~ s/max_age 2w/max_age 1d/r
                                            =~ s/\*\.yaml/1.yaml/r);
    return $nginx;
}

my $nginx = instance();
my $dir = $nginx->dir;


# What nginx logs of a failed allocation: its own text, or the module's.

my $NO_MEMORY = qr/\[(?:emerg|alert|crit)\].*(?:out\ of\ memory
                   |12:\ Cannot\ allocate\ memory|SHA-256\ failed)/x;

sub judge {
    my ($run, $whole) = @_;

    return if $run->{status} == 0
        && $run->{err} =~ /^nginx: configuration file \S+ test is successful$/m;
    return "status $run->{status}" if $run->{status} != 1;
    return 'no word of memory' if $run->{err} !~ $NO_MEMORY;
    return;
}

sub fault {
    my ($from) = @_;
    return MtaSts::Fault->new(
        command => [$MtaSts::NGINX, '-t', '-p', "$dir/", '-c', 'nginx.conf',
                    '-e', 'stderr'],
        from => "$dir/$from", skip => 'crypto ssl', asan => 'detect_leaks=0',
        judge => \&judge);
}

fault('http.conf')->exhaust('nginx -t');


# Reloads of a running nginx, whose master then reads a file of another name.

sub served {
    return (split_response($nginx->get(0, 'mta-sts.a.example')))[1] // '';
}

my $EMERG = qr/\[emerg\]/;

my $old = "version: STSv1\r\nmode: enforce\r\nmx: mx.a.example\r\n"
    . "mx: *.mx.example\r\nmx: mail.a.example\r\nmax_age: 1209600\r\n";
my $new = $old =~ s/1209600/86400/r;

$nginx->conf('include again.conf;');
my $all = fault('again.conf')->once(0)->{calls};

for my $n (sort { $a <=> $b } map { 1 + int rand $all }
           1 .. ($ENV{MTA_STS_TEST_SLOW} ? 20 : 4))
{
    $nginx = instance();
    $dir = $nginx->dir;

    {
        my %env = fault_env($n, from => "$dir/again.conf",
                            skip => 'crypto ssl');
        local @ENV{keys %env} = values %env;
        $nginx->start;
    }

    $nginx->conf('include again.conf;');
    $nginx->reload(qr/$EMERG|$MtaSts::GONE/);

    my $got = served();

    ok($nginx->reload, "allocation $n of a reload: the next one");
    is(served(), $new, '... has the new policy');

    # a policy that is only not counted, when memory is out, is no reason to refuse:
    # the new workers may not have been there yet

    my (undef, $first) = split /: reconfiguring\n/, slurp("$dir/logs/error.log");
    my @may = $first !~ /: start worker processes\n/ ? $old
            : $first =~ $EMERG ? ($old, $new) : $new;

    is($got, $got eq $may[-1] ? $may[-1] : $may[0], '... and the first one '
       . (@may > 1 ? 'had either' : $may[0] eq $old ? 'was refused' : 'had it'));
    $nginx->stop($NO_MEMORY);
}

done_testing();
