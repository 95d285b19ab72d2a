#!/usr/bin/perl

# Names in SNI: one without a policy, where the certificate depends on
# $mta_sts_host, ends the handshake with unrecognized_name, opens no file and
# forges no line in the log; with and without a cache, whatever server is the
# default one.  All other servers and counters are as before.

use strict;
use warnings;

use lib 't/lib';
use MtaSts;
use MtaSts::Tls;
use Test::More;

my $tls = 'ssl_protocols TLSv1.2 TLSv1.3;';
my $pair = sub {
    return "ssl_certificate $_[0].pem; ssl_certificate_key $_[0].key; $tls";
};
my $by_host = $pair->('certs/$mta_sts_host');
my $names = 'server_name mta-sts.a.example mta-sts.b.example';
my $cache = 'mta_sts_certificate_cache max=2;';

my $nginx = MtaSts->new(<<"EOC", 'd.yaml' => "domains: {a.example: {mx: mx}}\n");
map \$ssl_server_name \$by_map {
    default           certs/any;
    mta-sts.a.example certs/mta-sts.a.example;
}
server {
    listen 127.0.0.1:%%PORT0%% ssl http2;
    $names;
    $by_host
    mta_sts_mx mx.example;
    $cache
}
server {
    listen 127.0.0.1:%%PORT1%% ssl http2;
    $names;
    $by_host
    mta_sts_mx mx.example;
}
server {
    listen 127.0.0.1:%%PORT2%% ssl http2 default_server;
    server_name www.example;
    @{[ $pair->('certs/any') ]}
    return 200 "any";
}
server {
    listen 127.0.0.1:%%PORT2%% ssl http2;
    server_name mta-sts.*;
    $by_host
    mta_sts_domains d.yaml;
    $cache
}
server {
    listen 127.0.0.1:%%PORT3%% ssl http2;
    $names;
    @{[ $pair->('certs/$ssl_server_name') ]}
    mta_sts_mx mx.example;
    $cache
}
server {
    listen 127.0.0.1:%%PORT4%% ssl http2;
    $names;
    @{[ $pair->('$by_map') ]}
    mta_sts_mx mx.example;
    $cache
}
server {
    listen 127.0.0.1:%%PORT5%% ssl;
    $names;
    $by_host
    mta_sts_mx mx.example;
    $cache
    ssl_session_cache shared:s:1m;
    location /n { return 200 "requests=\$connection_requests.\$ssl_session_reused"; }
    location /status { stub_status; }
}
server {
    listen 127.0.0.1:%%PORT6%% ssl;
    $names;
    @{[ $pair->('certs/mta-sts.a.example') ]}
    mta_sts_mx mx.example;
    $cache
}
EOC

my $dir = $nginx->dir;

mkdir "$dir/certs";
make_cert($dir, "certs/$_", $_)
    for 'any', 'mta-sts.a.example', 'mta-sts.b.example', 'secret';

# what must not be opened

symlink "$dir/certs/any.$_", "$dir/certs/.$_" for 'pem', 'key';

$nginx->start;

sub got { return serial_of($nginx, @_) }

sub same { return file_serial("$dir/certs/$_[0].pem") }

my $seen = 0;

sub lines {
    my ($what) = @_;
    my $log = substr slurp("$dir/logs/error.log"), $seen;
    $seen += length $log;
    return grep { /$what/ } split /\n/, $log;
}

my $unknown = qr/^TLS: .*unrecognized name/;


subtest 'names without a policy' => sub {
    for my $n (0, 1) {
        is(got($n, 'mta-sts.a.example'), same('mta-sts.a.example'),
           'one that has a policy');

        for my $sni ('mta-sts.c.example', 'secret', 'a.example', 'mta-sts.',
                     '../certs/secret', '/etc/passwd', "x\ny", "x\r\n[forged] y",
                     "\xff\xfe", '"', '\\', '%s%n', 'data:x', 'engine:x:y',
                     'x' x 255, 'mta-sts.a.example:443', '*', '.', '127.0.0.1')
        {
            for my $version ('TLSv1_2', 'TLSv1_3') {
                my $name = $sni =~ s/[^!-~]/?/gr;
                like(got($n, $sni, version => $version), $unknown,
                     "$name, $version");
            }
        }
    }

    my @said = lines('no policy for server name');

    is(@said, 2 * 2 * 19, 'a line for each');
    is(scalar(grep { !/^\S+ \S+ \[info\] .*? while SSL handshaking, client: / }
              @said), 0, '... at info, whole');
    is(scalar(grep { /"x\\x0Ay"/ } @said), 4, 'a newline is escaped');
    is(scalar(grep { /"x\\x0D\\x0A\[forged\]\\x20y"/ } @said), 4,
       '... so that no line is forged');
    is(scalar(grep { /"\\xFF\\xFE"/ } @said), 4, 'what is not ASCII is escaped');
    is(scalar(grep { /"\\x22"|"\\x5C"/ } @said), 8, 'quotes are escaped');
};


subtest 'no name' => sub {
    is(got($_, ''), same('any'), "port $_: as before, the file of no name")
        for 0, 1;
};


subtest 'another default server' => sub {
    is(got(2, 'www.example'), same('any'), 'its own name');
    is(got(2, 'other.example'), same('any'), 'any other');
    is(got(2, ''), same('any'), 'none');
    is(got(2, 'mta-sts.a.example'), same('mta-sts.a.example'),
       'a policy host');
    like(got(2, 'mta-sts.b.example'), $unknown, 'not in the file');
    like(got(2, 'mta-sts.c.example'), $unknown, 'not in the file');
};


subtest 'other variables' => sub {
    is(got(3, 'mta-sts.a.example'), same('mta-sts.a.example'),
       '$ssl_server_name, a policy host');
    is(got(3, 'secret'), same('secret'), '... another name');
    is(got(4, 'mta-sts.a.example'), same('mta-sts.a.example'),
       'a map, a policy host');
    is(got(4, 'mta-sts.b.example'), same('any'), '... another one');
    is(got(4, 'x.example'), same('any'), '... another name');
    is(got(6, 'x.example'), same('mta-sts.a.example'), 'no variable');

    lines('');

    like(got(3, "x\n2026/01/01 [forged] y"), qr/^TLS: .*internal error/,
         'a file that is not there');

    my @said = lines('2026/01/01');
    is(@said, 1, '... is one line');
    like($said[0], qr/ \[error\] .*no certificate for "x\\x0A2026.*: open\(\)/,
         '... whole, and with the name');
};


# files that are not there are not missed before "valid"

subtest 'floods' => sub {
    my $a = 'mta-sts.a.example';
    my $b = 'mta-sts.b.example';

    got($_, $a), got($_, $b) for 0, 3;
    got($_ % 2 ? 0 : 3, "flood$_.example") for 1 .. 200;

    rename "$dir/certs/$a.pem", "$dir/away.pem" or die $!;
    is(got($_, $a), file_serial("$dir/away.pem"),
       'unknown names displace nothing') for 0, 3;
    rename "$dir/away.pem", "$dir/certs/$a.pem" or die $!;
};


subtest 'HTTP/2' => sub {
    my $port = $nginx->port(0);
    my ($status, $out) = run('', 'curl', '-sS', '--http2', '--cacert',
        "$dir/ca.pem", '--resolve', "mta-sts.a.example:$port:127.0.0.1", '-w',
        '%{http_version} %{http_code}', '-o', '/dev/null',
        "https://mta-sts.a.example:$port/.well-known/mta-sts.txt");

    is("$status $out", '0 2 200', 'with a cache');
};


subtest 'resumption' => sub {
    my $sni = 'mta-sts.a.example';
    my $client = sub {
        my ($status, $out, $err) = run(
            "GET /n HTTP/1.1\nHost: $sni\nConnection: close\n\n",
            'openssl', 's_client', '-ign_eof', '-crlf', '-servername', $sni,
            '-connect', '127.0.0.1:' . $nginx->port(5), @_);
        return $out =~ /requests=(\d+\.[r.])/ ? $1 : "$out$err";
    };

    for my $version ('-tls1_2', '-tls1_3') {
        is($client->($version, '-sess_out', "$dir/session"), '1..',
           "$version: a new session");
        is($client->($version, '-sess_in', "$dir/session"), '1.r',
           "$version: resumed");
        unlink "$dir/session";
    }
};


subtest 'counters' => sub {
    my $sni = 'mta-sts.a.example';
    my $status = sub {
        return $nginx->get(5, $sni, sni => $sni, path => '/status',
                           verify => $sni) =~ /^ (\d+) (\d+) (\d+) $/m;
    };

    my @before = $status->();
    got(5, 'mta-sts.b.example') for 1 .. 3;
    got(5, 'x.example') for 1 .. 3;
    my @after = $status->();

    is($after[1] - $before[1], 7, 'stub_status: connections');
    is($after[2] - $before[2], 1, 'stub_status: requests');

    my $got = $nginx->http(5, "GET /n HTTP/1.1\r\nHost: $sni\r\n\r\n"
        . "GET /n HTTP/1.1\r\nHost: $sni\r\nConnection: close\r\n\r\n",
        sni => $sni, verify => $sni);
    is(join(' ', $got =~ /requests=(\d+)/g), '1 2', '$connection_requests');
};


$nginx->stop;

done_testing();
