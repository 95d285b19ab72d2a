#!/usr/bin/perl

# nginx with the module, and each command of the helper, under valgrind: no read
# of what is not there or was never set, and nothing that is lost, while policies
# are served, over a reload and at the end.
#
# The nginx is one whose pools ask malloc() for each piece (NGX_DEBUG_PALLOC):
# within a pool valgrind would see nothing.  What is built with a sanitizer cannot
# run under valgrind, so this has the ordinary build in either case.

use strict;
use warnings;

use lib 't/lib';
use MtaSts;
use Test::More;

$MtaSts::BUILD = $MtaSts::PLAIN;
$MtaSts::MODULE = '';

my $binary = "$MtaSts::PLAIN/t/fault/nginx/sbin/nginx";

# under valgrind all takes many times as long

$MtaSts::PATIENCE *= 5;

my @memcheck = ('valgrind', '--quiet', '--leak-check=full',
                '--show-leak-kinds=definite', '--num-callers=30');


# nginx.  It never frees its last configuration, which is reachable to its end, and
# a worker at its end forgets some of its own; what is lost of ours has our names.

my $nginx = MtaSts->new(<<'EOC');
log_format mta_sts '$mta_sts_domain $mta_sts_mode $mta_sts_id $mta_sts_host';
mta_sts_tlsrpt_rua mailto:a@reports.example;
server {
    listen 127.0.0.1:%%PORT0%%;
    server_name mta-sts.a.example;
    access_log logs/access.log mta_sts;
    mta_sts_mode enforce;
    mta_sts_mx mx.a.example *.mx.example;
    location = /generator { mta_sts_generator; }
}
server {
    listen 127.0.0.1:%%PORT0%%;
    listen 127.0.0.1:%%PORT1%% ssl;
    server_name mta-sts.*;
    ssl_certificate %%DIR%%/$mta_sts_host.pem;
    ssl_certificate_key %%DIR%%/$mta_sts_host.key;
    mta_sts_certificate_cache max=1 valid=0;
    mta_sts_domains *.yaml;
}
EOC

my $dir = $nginx->dir;

spew("$dir/1.yaml", "policies:\n  p: { mode: enforce, mx: mx.example }\n"
     . "domains:\n  d.example: p\n  e.example: { policy: p, max_age: 2w }\n");
spew("$dir/2.yaml", "domains:\n  bär.example: { mx: '*.mx.example' }\n");
make_cert($dir, "mta-sts.$_.example", 'mta-sts.d.example', 'mta-sts.e.example')
    for 'd', 'e';
spew("$dir/d.pem", slurp("$dir/mta-sts.d.example.pem"));

# the harness execs one program

spew("$dir/nginx", "#!/bin/sh\nexec @memcheck --trace-children=yes "
     . "--log-file=$dir/valgrind.%p $binary \"\$@\"\n");
chmod 0755, "$dir/nginx";
$MtaSts::NGINX = "$dir/nginx";

sub status { return (split / /, $_[0])[1] // $_[0] }

sub ask {
    my ($when) = @_;
    my $post = "domain=a.example&mode=enforce&mx=mx.a.example";

    is(status($nginx->get(0, 'mta-sts.a.example')), 200, "GET $when");
    is(status($nginx->get(0, 'mta-sts.a.example', method => 'HEAD')), 200,
       '... HEAD');
    is(status($nginx->get(0, 'mta-sts.a.example', method => 'POST',
                          headers => ['Content-Length: 1'], body => 'x')), 405,
       '... POST');
    is(status($nginx->get(0, 'mta-sts.x.example')), 404, '... another domain');
    is(status($nginx->get(0, 'mta-sts.xn--br-via.example')), 200,
       '... a domain of a file');
    is(status($nginx->get(0, 'mta-sts.a.example', path => "/generator$_")),
       200, "... the generator")
        for '', "?$post", "?$post&format=json", '?domain=a..b&mx=%';
    is(status($nginx->get(1, 'mta-sts.d.example', sni => 'MTA-STS.d.example',
                          verify => 'mta-sts.d.example')), 200, '... TLS');
    like($nginx->get(1, 'mta-sts.x.example', sni => 'mta-sts.x.example'),
         qr/^TLS: /, '... TLS for another domain');

    # the cache has one place: for two hosts, a renewal, one that fails, and a
    # host without a certificate

    my $chain = slurp("$dir/d.pem");

    for my $case (['e', $chain], ['d', $chain . slurp("$dir/ca.pem")],
                  ['d', 'garbage'], ['d', $chain], ['e', $chain])
    {
        my ($host, $text) = @$case;
        my $sni = "mta-sts.$host.example";

        is(status($nginx->get(1, $sni, sni => $sni)), 200, "... $host.example");
        spew("$dir/mta-sts.d.example.pem", $text);
        is(status($nginx->get(1, $sni, sni => $sni)), 200, '... once more');
    }

    like($nginx->get(1, 'mta-sts.xn--br-via.example',
                     sni => 'mta-sts.xn--br-via.example'), qr/^TLS: /,
         '... TLS without a certificate');
}

# 404 is of the second server, which has no root; nginx says so

$nginx->start;
ask('at first');
ok($nginx->reload, 'a reload');
ask('after it');
spew("$dir/2.yaml", "domains: [\n");
ok($nginx->reload(qr/\[emerg\].*2\.yaml/), 'a bad reload');
ask('after that');
$nginx->stop(qr/\[emerg\].*2\.yaml|cannot load certificate/);

my @logs = glob "$dir/valgrind.*";
cmp_ok(scalar @logs, '>', 2, 'a master and a worker before and after it');

for my $log (@logs) {
    my @said = grep { !/ definitely lost / || /mta_sts/ }
        split /^==\d+== \n/m, slurp($log);
    is(join('', @said), '', 'valgrind has nothing to say of process '
       . $log =~ s/.*\.//r);
}


# The helper.

sub memcheck {
    my @args = @_;
    my $in = ref $args[0] ? ${ shift @args } : '';
    my ($status, $out, $err) = run($in, @memcheck, '--show-leak-kinds=all',
                                   "$MtaSts::BUILD/mta-sts", @args);
    unlike($err, qr/^==/m, "mta-sts @args") or diag($err);
    return $status;
}

spew("$dir/2.yaml", "domains:\n  bär.example: { mx: '*.mx.example' }\n");

my @conf = ('-c', "$dir/nginx.conf");
my @file = ('-d', "$dir/1.yaml");

is(memcheck('list', @conf), 0, '... status');
is(memcheck(\'http { server { server_name mta-sts.a.example; mta_sts_mx a.b; } }',
            'list', '-c', '-'), 0, '... status');
is(memcheck('policy', @conf, 'bär.example'), 0, '... status');
is(memcheck('records', @file, '-f', $_,
            $_ eq 'octodns' ? ('--zone', 'example') :
            $_ eq 'terraform' ? ('--provider', 'route53') : ()), 0,
   '... status')
    for qw(zone nsupdate powerdns octodns dnscontrol external-dns terraform
           json text);
is(memcheck('records', @file, '-o', $dir, '--policy-host', '192.0.2.1'), 0,
   '... status');
is(memcheck('records', @file, '--delegate', 'p.example', '--customer'), 0,
   '... status');
is(memcheck('generate', 'a.example', '--mx', 'mx.example'), 0, '... status');
is(memcheck('check', @file, '-f', $_, '--resolver', '127.0.0.1:9',
            '--timeout', '1'), 3, '... status, without a resolver')
    for qw(text json prometheus nagios);
is(memcheck('list', '-c', "$dir/none.conf"), 1, '... status');
is(memcheck('records', '-d', "$dir/nginx.conf"), 1, '... status');

done_testing();
