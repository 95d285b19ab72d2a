#!/usr/bin/perl

# A proxy in front of the module, and directives of nginx that change an answer:
# each line of the tables in docs/proxy.md does what the document says.

use strict;
use warnings;

use lib 't/lib';
use MtaSts;
use MtaSts::Docs qw(blocks section);
use Test::More;

my $document = 'docs/proxy.md';
my $host = 'mta-sts.example.com';
my $mx = 'mta_sts_mx mail.example.com;';
my $policy = "version: STSv1\r\nmode: testing\r\nmx: mail.example.com\r\n"
    . "max_age: 604800\r\n";
my $length = length $policy;

# what a directive needs beside it, in http and in server

my $http = 'limit_req_zone $binary_remote_addr zone=one:1m rate=1r/m;';
my $server = 'location = /footer { return 200 "footer\n"; }';


# The status, the interesting fields and the body of an answer, dechunked.

sub parts {
    my ($answer) = @_;
    my ($head, $body) = split_response($answer);
    my ($status) = $head =~ m{^HTTP/1\.1 (\d+)};
    my @fields = grep { !/^(?:Server|Date|Connection):/i }
                 split /\r\n/, $head =~ s/^.*?\r\n//r;

    if ($head =~ /^Transfer-Encoding: chunked\r?$/mi) {
        my $whole = '';
        while ($body =~ s/\A([0-9a-f]+)\r\n//i && hex $1) {
            $whole .= substr $body, 0, hex $1, '';
            $body =~ s/\A\r\n//;
        }
        $body = $whole;
    }

    return ($status, join('; ', @fields), $body);
}


my $usual = "Content-Type: text/plain; Content-Length: $length; "
    . 'Cache-Control: no-cache';
my $chunked = 'Content-Type: text/plain; Transfer-Encoding: chunked; '
    . 'Cache-Control: no-cache';

# what the second and third table's lines give, in their order: the fields and
# the body

my @header = (
    ["$usual; X-Content-Type-Options: nosniff", $policy],
    [$usual =~ s/plain/plain; charset=utf-8/r, $policy],
    [$usual, $policy],                       # gzip was not asked for
    [$chunked, $policy],
    [$chunked, $policy],
    [$chunked, $policy],
    [qr/^Content-Type:\ text\/plain;\ Content-Length:\ $length;
        .*Cache-Control:\ max-age=86400/x, $policy],
);

my @bad = (
    [$chunked, $policy =~ s/mail/www/r],
    [$chunked, "${policy}footer\n"],
    ["$usual; Content-Type: text/html", $policy],
);


# The first cells of the n-th table of the last section.

sub directives {
    my ($n) = @_;
    my $text = section($document, 'Directives that change a policy');
    my @tables = $text =~ /^\| --- \| --- \|\n((?:\|.*\n)+)/mg;
    return $tables[$n] =~ /^\| `(.*?)` \|/mg;
}


# What a server with the directive answers.

sub try {
    my ($directive, @headers) = @_;
    my $nginx = MtaSts->new("$http server { listen 127.0.0.1:%%PORT0%%; "
        . "server_name $host; $mx $server $directive }", users => "a:b\n");
    $nginx->start;

    # twice, since limit_req would let one pass

    my @answers = map { $nginx->get(0, $host, headers => \@headers) } 1 .. 2;
    is((parts($answers[0]))[2], (parts($answers[1]))[2], "$directive: twice");
    $nginx->stop;
    return $answers[1];
}


my @nothing = directives(0);
cmp_ok(scalar @nothing, '>=', 13, 'directives that change nothing');

for my $directive (@nothing) {
    is_deeply([parts(try($directive))], [200, $usual, $policy],
              '... nothing changes');
}

my @changes = directives(1);
is(@changes, @header, 'directives that change the header');

for my $i (0 .. $#changes) {
    my ($status, $fields, $body) = parts(try($changes[$i]));
    my ($want, $bytes) = @{ $header[$i] };
    is("$status $body", "200 $bytes", '... the policy is the same');
    ref $want ? like($fields, $want, '... the fields')
              : is($fields, $want, '... the fields');
}

like(try($changes[2], 'Accept-Encoding: gzip'),
     qr/^Content-Encoding: gzip\r$/m, '... gzip for those who ask');
like(try($changes[5]), qr/\r\n0\r\nX-Trailer: x\r\n\r\n\z/, '... a trailer');

my @harm = directives(2);
is(@harm, @bad + 1, 'directives that do harm');

for my $i (0 .. $#bad) {
    is_deeply([parts(try($harm[$i]))], [200, @{ $bad[$i] }],
              '... is what the document warns of');
}

{
    my $nginx = MtaSts->new('');
    make_cert($nginx->dir, 'any', $host);
    $nginx->conf("server { listen 127.0.0.1:%%PORT0%% ssl; server_name $host; "
        . "ssl_certificate any.pem; ssl_certificate_key any.key; $mx $harm[3] }");
    $nginx->start;
    is((parts($nginx->get(0, $host, sni => $host)))[0], 400,
       "$harm[3]: no sender gets the policy");
    $nginx->stop;
}


# The document's servers: one that the proxy passes TCP to, one behind a proxy
# that ends TLS, and that proxy.

my ($tcp, $behind, $proxy) =
    map { $_->{text} } grep { $_->{lang} eq 'nginx' } blocks($document);

my $log = 'log_format c "$remote_addr $mta_sts_domain";';

{
    my $nginx = MtaSts->new('');
    mkdir $nginx->dir . "/$_" for 'certs', "certs/$host";
    make_cert($nginx->dir, 'any', $host);
    rename $nginx->dir . '/any.pem', $nginx->dir . "/certs/$host/fullchain.pem";
    rename $nginx->dir . '/any.key', $nginx->dir . "/certs/$host/privkey.pem";

    for ($tcp, $behind, $proxy) {
        s{/etc/nginx/certs}{%%DIR%%/certs}g;
        s{listen +\[::\].*\n}{}g;
        s{192\.0\.2\.20}{127.0.0.1};
        s{server_name}{access_log logs/access.log c; server_name};
        s{http://192\.0\.2\.10}{http://127.0.0.1:%%PORT1%%};
    }
    $tcp =~ s{listen +443}{listen 127.0.0.1:%%PORT0%%};
    $behind =~ s{listen +80}{listen 127.0.0.1:%%PORT1%%};
    $proxy =~ s{listen +443}{listen 127.0.0.1:%%PORT2%%};
    my $bare = $proxy =~ s{proxy_set_header +Host.*\n}{}r
                      =~ s{PORT2}{PORT3}r;

    # a cache keeps a policy only if it is configured to

    my $cache = 'proxy_cache_path %%DIR%%/cache keys_zone=c:1m;';
    my ($keeps, $not) = map {
        "server { listen 127.0.0.1:%%PORT$_->[0]%%; proxy_cache c; "
        . "proxy_cache_key $_->[0]\$uri; proxy_set_header Host \$host; "
        . "proxy_cache_valid 1d; add_header X-Cache \$upstream_cache_status; "
        . "$_->[1] location / { proxy_pass http://127.0.0.1:%%PORT1%%; } }"
    } [5, 'proxy_ignore_headers Cache-Control;'], [4, ''];

    $nginx->conf("$log $cache $tcp $behind $proxy $bare $keeps $not");
    $nginx->start;

    my $sock = IO::Socket::INET->new(PeerAddr => '127.0.0.1:' . $nginx->port(0));
    print $sock "PROXY TCP4 203.0.113.7 192.0.2.1 50000 443\r\n";
    $sock->flush;
    ok(IO::Socket::SSL->start_SSL($sock, SSL_hostname => $host,
        SSL_verifycn_name => $host, SSL_verifycn_scheme => 'http',
        SSL_ca_file => $nginx->dir . '/ca.pem'), 'TLS after the PROXY line')
        or diag(IO::Socket::SSL::errstr());
    print $sock "GET /.well-known/mta-sts.txt HTTP/1.1\r\nHost: $host\r\n"
        . "Connection: close\r\n\r\n";
    my $answer = do { local $/; <$sock> };
    is_deeply([parts($answer)], [200, $usual, $policy], '... and the policy');

    is_deeply([parts($nginx->get(2, $host, sni => $host))],
              [200, $usual, $policy], 'through the proxy');
    is_deeply([parts($nginx->get(1, $host,
                                 headers => ['X-Forwarded-For: 203.0.113.8']))],
              [200, $usual, $policy], 'behind the proxy');
    is((parts($nginx->get(3, $host, sni => $host)))[0], 404,
       '... not without its Host');

    is(fields($nginx->get(4, $host), 'X-Cache'), 'MISS', 'a cache') for 1 .. 2;
    is(fields($nginx->get(5, $host), 'X-Cache'), 'MISS', 'one that ignores Cache-Control');
    is(fields($nginx->get(5, $host), 'X-Cache'), 'HIT', '... keeps a policy');

    $nginx->stop;
    like(slurp($nginx->dir . '/logs/access.log'),
         qr/^203\.0\.113\.$_ example\.com$/m, 'the log has the client')
        for 7, 8;
}

done_testing();
