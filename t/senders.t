#!/usr/bin/perl

# Every case of HTTP, TLS and DNS in which real senders were measured, with real
# servers: mta-sts check finds what is wrong, and whatever a sender rejects.
# t/data/senders.tsv has who rejects what.  Policy bodies are in
# t/unit/body_test.c.

use strict;
use warnings;

use lib 't/lib';
use IO::Socket::SSL;
use IO::Compress::Gzip qw(gzip);
use MtaSts;
use MtaSts::World;
use Test::More;

enter_world();

$ENV{PATH} .= ':/usr/sbin:/sbin';

my $world = MtaSts::World->new;
my $dir = $world->dir;

my %rejects = map { /^(\S+)\t(.*)$/ ? ($1 => [split ' ', $2]) : () }
              split /\n/, slurp('t/data/senders.tsv') =~ s/^#.*\n//mgr;

my $good = "version: STSv1\r\nmode: enforce\r\nmx: mx.good.example\r\n"
         . "max_age: 604800\r\n";
my $gzip;
gzip(\$good, \$gzip);

my $ID = 'id=1;';

# An answer that is written as it is.

sub raw {
    my ($head, $body) = @_;
    return "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n$head"
         . "Connection: close\r\n\r\n$body";
}

sub chunked { return sprintf "%x\r\n%s\r\n0\r\n\r\n", length $_[0], $_[0] }

my $length = 'Content-Length: ' . length($good) . "\r\n";

# case => [what is found, what makes it different from a healthy domain]

my %case = (
    'ct-charset' => ['', type => 'text/plain; charset=utf-8'],
    'ct-ascii' => ['', type => 'text/plain; charset=us-ascii'],
    'ct-case' => ['policy-type-form warning', type => 'TEXT/Plain'],
    'ct-badcharset' => ['policy-type-form error',
                        type => 'text/plain; charset=bogus'],
    'ct-nospace' => ['', type => 'text/plain;charset=utf-8'],
    'ct-badparam' => ['policy-type-form error', type => 'text/plain; charset'],
    'ct-html' => ['policy-type error', type => 'text/html'],
    'ct-octet' => ['policy-type error', type => 'application/octet-stream'],
    'ct-none' => ['policy-type error', type => ''],
    'ct-semi' => ['', type => 'text/plain;'],
    'ct-emptycs' => ['policy-type-form error', type => 'text/plain; charset='],
    'ct-upper' => ['', type => 'text/plain; charset=UTF-8'],
    'ct-dupcs' => ['', type => 'text/plain; charset=utf-8; charset=utf-8'],
    'ct-sp' => ['', raw => raw($length, $good)
                    =~ s{(?<=Type: ).*?(?=\r)}{ text/plain ; charset=utf-8}r],

    (map { ("s-$_" => ['policy-status error', http => qq(return $_ "$good";)])
    } 201, 203, 206, 404, 403, 410, 500),
    's-204' => ['policy-status error', http => 'return 204;'],
    's-404-valid' => ['policy-status error', http => qq(return 404 "$good";)],
    's-503' => ['policy-status error',
                http => 'add_header Retry-After 60 always; return 503;'],
    'h-s429' => ['policy-status error', http => 'return 429;'],
    's-301' => ['policy-redirect error', http => 'return 301 /policy;'],
    's-302' => ['policy-redirect error',
                http => 'return 302 https://mta-sts.h2.example/x;'],
    's-307' => ['policy-redirect error', http => 'return 307 $uri/;'],
    's-308' => ['policy-redirect error',
                http => 'return 308 http://$host$uri;'],
    's-close' => ['policy-closed error', http => 'return 444;'],

    'h2' => ['', listen => 'ssl http2'],
    'gzip' => ['', in => 'gzip on; gzip_types *; gzip_min_length 1;'],
    'gzip-forced' => ['policy-encoding error', body => $gzip,
                      in => 'add_header Content-Encoding gzip;'],
    'chunked' => ['', raw => raw("Transfer-Encoding: chunked\r\n",
                                 chunked($good))],
    'close' => ['', in => 'keepalive_timeout 0;'],
    'hsts' => ['', in => 'add_header Strict-Transport-Security max-age=1; '
        . 'add_header X-Content-Type-Options nosniff; add_header Content-'
        . 'Security-Policy "default-src \'none\'"; expires 1h;'],
    'etag' => ['', in => 'etag on;'],
    'http-only' => ['policy-connect error', a => 'A 192.0.2.2'],
    'h-short' => ['policy-closed error',
                  raw => raw("Content-Length: 1000\r\n", $good)],
    'h-slow12' => ['policy-timeout error', raw => raw($length, $good),
                   sleep => 12],
    'h-noreason' => ['', raw => raw($length, $good) =~ s/200 OK/200/r],
    'h-bighdr' => ['policy-head warning', raw => raw($length . join('', map {
        "X-$_: " . 'y' x 1000 . "\r\n" } 1 .. 20), $good)],
    'h-manyhdr' => ['policy-head warning', raw => raw($length . join('', map {
        "X-$_: y\r\n" } 1 .. 150), $good)],
    'h-loc' => ['', in => 'add_header Location https://mta-sts.h2.example/;'],
    'h-badchunk' => ['policy-closed error',
        raw => raw("Transfer-Encoding: chunked\r\n", "zz\r\n$good")],
    'h-s103' => ['policy-head warning', raw => "HTTP/1.1 103 Early Hints\r\n"
                 . "Link: </>\r\n\r\n" . raw($length, $good)],
    'h-clte' => ['policy-head warning', raw => raw($length
                 . "Transfer-Encoding: chunked\r\n", chunked($good))],
    'h-lfhdr' => ['policy-head warning', raw => do {
        my ($head, $body) = split /(?<=\r\n\r\n)/, raw($length, $good), 2;
        $head =~ s/\r//gr . $body }],
    'h-refresh' => ['', in => 'add_header Refresh "1; url=/";'],

    'c-rsa' => ['', cert => 'rsa'],
    'c-chain' => ['', cert => 'chain'],
    'c-nochain' => ['policy-cert-chain error', cert => 'nochain'],
    'c-wild' => ['', cert => 'wild'],
    'c-wildup' => ['policy-cert-name error', cert => 'wildup'],
    'c-expired' => ['policy-cert-expired error', cert => 'expired'],
    'c-notyet' => ['policy-cert-not-yet error', cert => 'notyet'],
    'c-wrong' => ['policy-cert-name error', cert => 'wrong'],
    'c-domain' => ['policy-cert-name error', cert => 'domain'],
    'c-self' => ['policy-cert-chain error', cert => 'self'],
    'c-otherca' => ['policy-cert-chain error', cert => 'strange'],
    'c-cnonly' => ['policy-cert-name error', cert => 'cn'],
    't-rsa1024' => ['policy-cert-weak error', cert => 'weak'],
    't-noeku' => ['', cert => 'noeku'],
    't-p521' => ['', cert => 'p521'],
    't-p384' => ['', cert => 'p384'],
    't-dotsan' => ['policy-cert-name error', cert => 'dot'],
    't-v3days' => ['', cert => 'short'],
    't-muststaple' => ['policy-cert-staple warning', cert => 'staple'],
    't-dualexp' => ['policy-cert-expired error', certs => ['rsaold']],
    't-cn' => ['', cert => 'cnother'],
    'tls12' => ['', ip => '192.0.2.5', tls => 'TLSv1.2'],
    'tls13' => ['policy-tls13-only warning', ip => '192.0.2.6',
                tls => 'TLSv1.3'],
    'tls11' => ['policy-tls error', ip => '192.0.2.7', tls => 'TLSv1.1'],
    's-rsakex' => ['policy-tls-exchange warning', ip => '192.0.2.8',
                   cert => 'rsa', tls => 'TLSv1.2',
                   in => 'ssl_ciphers AES256-GCM-SHA384;'],
    's-clientreq' => ['policy-closed error', a => 'A 192.0.2.4'],
    's-nosni' => ['', ip => '192.0.2.9'],

    (map { my ($name, $found, @txt) = @$_;
           $name => [$found, txt => join "\n_mta-sts.$name TXT ",
                     map { "\"$_\"" } @txt]
    } ['id-nosemi', '', 'v=STSv1; id=1'],
      ['id-tight', '', 'v=STSv1;id=1;'],
      ['id-32', '', 'v=STSv1; id=' . 'a' x 32 . ';'],
      ['id-33', 'txt-id-syntax error', 'v=STSv1; id=' . 'a' x 33 . ';'],
      ['txt-idlong', 'txt-id-syntax error', 'v=STSv1; id=' . '1' x 40 . ';'],
      ['id-dash', 'txt-id-syntax error', 'v=STSv1; id=2025-01-02;'],
      ['id-under', 'txt-id-syntax error', 'v=STSv1; id=2025_01;'],
      ['id-plus', 'txt-id-syntax error', 'v=STSv1; id=a+b/c=;'],
      ['txt-idquote', 'txt-id-syntax error', q(v=STSv1; id='1';)],
      ['txt-idcolon', 'txt-id-syntax error',
       'v=STSv1; id=2025-01-01T00:00:00Z;'],
      ['txt-idid', 'txt-id-syntax error', 'v=STSv1; id=id=1;'],
      ['txt-nonascii', 'txt-id-syntax error', 'v=STSv1; id=1\195\169;'],
      ['id-empty', 'txt-id-missing error', 'v=STSv1; id=;'],
      ['id-missing', 'txt-extension warning, txt-id-missing error',
       'v=STSv1; a=b;'],
      ['txt-onlyv', 'txt-id-missing error', 'v=STSv1;'],
      ['txt-nov2', 'txt-id-missing error', 'v=STSv1'],
      ['id-two', 'txt-id-twice warning', 'v=STSv1; id=1; id=2;'],
      ['txt-ext', 'txt-extension warning', 'v=STSv1; id=1; a=b;'],
      ['txt-extfirst', 'txt-extension warning', 'v=STSv1; foo=bar; id=1;'],
      ['txt-extlong', 'txt-syntax error', 'v=STSv1; id=1; ' . 'x' x 40 . '=1;'],
      ['txt-bare', 'txt-syntax error', 'v=STSv1; id=1; foo;'],
      ['txt-dsemi', 'txt-syntax error', 'v=STSv1; id=1;;'],
      ['txt-trailsp', 'txt-trailing-space warning', 'v=STSv1; id=1; '],
      ['txt-leadsp', 'txt-version error', ' v=STSv1; id=1;'],
      ['txt-spaces', 'txt-version error', 'v = STSv1 ; id = 1'],
      ['txt-sp-semi', 'txt-space warning', 'v=STSv1 ;id=1'],
      ['txt-semi-sp', '', 'v=STSv1; id=1 ;'],
      ['txt-2sp', '', 'v=STSv1;  id=1;'],
      ['txt-tab', 'txt-tab error', 'v=STSv1;\009id=1;'],
      ['txt-nbsp', 'txt-id-missing error, txt-syntax error',
       'v=STSv1;\194\160id=1;'],
      ['txt-lower', 'txt-version error', 'v=stsv1; id=1;'],
      ['txt-upV', 'txt-version error', 'V=STSv1; id=1;'],
      ['txt-order', 'txt-version error', 'id=1; v=STSv1;'],
      ['txt-semifirst', 'txt-version error', '; v=STSv1; id=1;'],
      ['txt-v10', 'txt-version error', 'v=STSv10; id=1;'],
      ['txt-quotes', 'txt-version error', '\034v=STSv1; id=1;\034'],
      ['txt-comma', 'txt-version error', 'v=STSv1, id=1;'],
      ['txt-split', 'txt-strings warning', 'v=STSv1;" " id=1;'],
      ['txt-emptystr', 'txt-strings warning', '" "v=STSv1; id=1;'],
      ['txt-two', 'txt-several error', 'v=STSv1; id=1;', 'v=STSv1; id=2;'],
      ['txt-same2', 'txt-several error', 'v=STSv1; id=1;', 'v=STSv1;  id=1;'],
      ['txt-bad2', 'txt-several error', 'v=STSv1; id=1;', 'v=STSv1'],
      ['txt-other', 'txt-other warning', 'v=STSv1; id=1;', 'hello'],
      ['txt-spf', 'txt-other warning', 'v=STSv1; id=1;', 'v=spf1 -all'],
      ['txt-lowerdup', 'txt-several error', 'v=STSv1; id=1;', 'v=stsv1; id=1;'],
      ['txt-wildspf', 'txt-version error', 'v=spf1 -all']),
    'txt-none' => ['txt-none error', txt => undef],
    'txt-cname' => ['', txt => undef, more => '_mta-sts.txt-cname CNAME rec'],
    'txt-cname3' => ['', txt => undef, more => '_mta-sts.txt-cname3 CNAME r2'],
    'txt-cnamenx' => ['txt-none error', txt => undef,
                      more => '_mta-sts.txt-cnamenx CNAME nothing'],

    'no-a' => ['host-none error', a => undef],
    'v6only' => ['', a => 'AAAA 2001:db8::1'],
    'cname' => ['', a => 'CNAME provider'],
    'cname-badcert' => ['policy-cert-name error', a => 'CNAME provider',
                        cert => 'provider'],
    'cname-chain' => ['', a => 'CNAME alias', txt => undef,
                      more => '_mta-sts.cname-chain CNAME r2'],
    'cname-loop' => ['host-dns error', a => 'CNAME loop'],
    'xn--bcher-kva' => [''],
    'a-blackhole2' => ['policy-timeout error', a => 'A 198.18.0.1'],
    'a-zero' => ['host-private error, policy-connect error', a => 'A 0.0.0.0'],

    'm-none' => ['mx-none warning', mx => [], body =>
                 $good =~ s/mx\.good/m-none/r, more => 'm-none A 192.0.2.11'],
    'm-null' => ['mx-null warning', mx => ['.']],
    'm-nxsecond' => ['mx-host-none warning', mx => ['mx.good', 'none.good'],
                     body => "${good}mx: none.good.example\r\n"],
    'm-dead' => ['smtp-connect warning', mx => ['mx.good', 'dead.good'],
                 body => "${good}mx: dead.good.example\r\n"],
    'm-self' => ['', mx => ['m-self'], body => $good =~ s/mx\.good/m-self/r,
                 more => 'm-self A 192.0.2.12'],
);

is(join(' ', sort grep { !$case{$_} } keys %rejects), '',
   'each case that was measured is here');
is(join(' ', sort grep { !$rejects{$_} } keys %case), '', '... and no other');


# Certificates: one for all names, and special ones of one name each

my @san = map { "mta-sts.$_.example" } sort keys %case;

my %cert = (
    good => $world->cert('good', \@san),
    rsa => $world->cert('rsa', \@san, rsa => 2048),
    rsaold => $world->cert('rsaold', \@san, rsa => 2048, to => -1),
    chain => $world->cert('chain', \@san, issuer => 'middle', chain => 1),
    nochain => $world->cert('nochain', \@san, issuer => 'middle'),
    wild => $world->cert('wild', ['*.c-wild.example']),
    wildup => $world->cert('wildup', ['*.example']),
    expired => $world->cert('expired', \@san, to => -1),
    notyet => $world->cert('notyet', \@san, from => 1),
    wrong => $world->cert('wrong', ['www.example']),
    domain => $world->cert('domain', ['c-domain.example']),
    self => $world->cert('self', \@san, issuer => undef),
    strange => $world->cert('strange-leaf', \@san, issuer => 'strange'),
    cn => $world->cert('cn', [], cn => 'mta-sts.c-cnonly.example'),
    cnother => $world->cert('cnother', \@san, common => 'www.example'),
    weak => $world->cert('weak', \@san, rsa => 1024),
    noeku => $world->cert('noeku', \@san, purpose => 'digitalSignature'),
    p384 => $world->cert('p384', \@san, curve => 'secp384r1'),
    p521 => $world->cert('p521', \@san, curve => 'secp521r1'),
    dot => $world->cert('dot', ['mta-sts.t-dotsan.example.']),
    short => $world->cert('short', \@san, from => -3, to => 3),
    staple => $world->cert('staple', \@san, ext => [
        { sn => 'tlsfeature', data => 'status_request' }]),
    provider => $world->cert('provider', ['provider.example']),
);


# The servers and records

my ($records, $http, %files, %raw, %sleep) = ('', '');

for my $name (sort keys %case) {
    my ($found, %opt) = @{ $case{$name} };

    %opt = (a => 'A ' . ($opt{ip} // ($opt{raw} ? '192.0.2.3' : '192.0.2.1')),
            txt => "\"v=STSv1; $ID\"", mx => ['mx.good'], cert => 'good',
            type => 'text/plain', body => $good, in => '', listen => 'ssl',
            %opt);

    $records .= "mta-sts.$name $opt{a}\n" if defined $opt{a};
    $records .= "_mta-sts.$name TXT $opt{txt}\n" if defined $opt{txt};
    $records .= "_smtp._tls.$name TXT "
              . "\"v=TLSRPTv1; rua=mailto:a\@b.example\"\n";
    $records .= "$name MX 10 $_\n" for @{ $opt{mx} };
    $records .= "$opt{more}\n" if $opt{more};

    if ($opt{raw}) {
        $raw{"mta-sts.$name.example"} = $opt{raw};
        $sleep{"mta-sts.$name.example"} = $opt{sleep};
        next;
    }

    $files{"$name.txt"} = $opt{body};
    my $inside = $opt{http} // "$opt{in} default_type \"$opt{type}\"; "
               . "root %%DIR%%; location / { try_files /$name.txt =404; }";
    my $server = web("mta-sts.$name.example", $cert{$opt{cert}}, $inside,
        listen => $opt{ip} ? [$opt{ip}] : ['192.0.2.1', '[2001:db8::1]'],
        tls => $opt{tls},
        certs => [map { $cert{$_} } @{ $opt{certs} // [] }]);

    $server =~ s/443 ssl;/443 $opt{listen};/g;
    $http .= $server;
}

# without SNI, another certificate

$http = web('other.example', $cert{wrong}, 'return 404;',
            listen => ['192.0.2.9']) . $http;

$records .= <<'EOZ';
mx.good A 192.0.2.10
dead.good A 192.0.2.19
provider A 192.0.2.1
alias CNAME provider
rec TXT "v=STSv1; id=1;"
r2 CNAME rec
loop CNAME loop2
loop2 CNAME loop
EOZ

$world->dns($records, [], []);

# OpenSSL's default has neither a key of 1024 bits nor TLS 1.1

{
    local $ENV{OPENSSL_CONF} = $world->weak_openssl;
    $world->nginx($http, %files);
}

$world->listener('192.0.2.3', 443, sub {
    my ($client) = @_;
    IO::Socket::SSL->start_SSL($client, SSL_server => 1,
        SSL_cert_file => "$cert{good}.pem",
        SSL_key_file => "$cert{good}.key") or return;
    my $host = '';
    while (<$client>) {
        $host = $1 if /^Host: (\S+)/i;
        last if /^\r?$/;
    }
    sleep $sleep{$host} if $sleep{$host};
    print $client $raw{$host} // '';
    $client->close;
});

# one that ends the handshake of a client without a certificate

$world->listener('192.0.2.4', 443, sub {
    my ($client) = @_;
    IO::Socket::SSL->start_SSL($client, SSL_server => 1,
        SSL_cert_file => "$cert{good}.pem", SSL_key_file => "$cert{good}.key",
        SSL_ca_file => $world->ca, SSL_verify_mode => SSL_VERIFY_PEER
        | SSL_VERIFY_FAIL_IF_NO_PEER_CERT) or return;
    <$client>;
});

my %mail = ('192.0.2.10' => 'mx.good', '192.0.2.11' => 'm-none',
            '192.0.2.12' => 'm-self');

for my $ip (keys %mail) {
    my $file = $world->cert("mail-$mail{$ip}", ["$mail{$ip}.example"]);
    $mail{$ip} = ["smtpd_tls_chain_files=$file.key,$file.pem"];
}

$world->postfix(%mail);


# What is found

my @check = ('check', '-f', 'json', '--no-config', '--resolver', $world->resolver,
             '--ca', $world->ca, '--timeout', 8, '--jobs', 8);
my ($status, $out, $err) = helper(@check, map { "$_.example" } sort keys %case);
my $list = look_again($out, sub { (helper(@check, @_))[1] }) // [];
my %list = map { $_->{domain} => $_->{findings} } @$list;

is(scalar keys %list, scalar keys %case, 'each is looked at') or diag $err;

# A warning or an error where any of them rejects, and none where none does; but
# not where the finding is about mail, where the domain's name is to blame, and
# where a sender rejects that was not measured

my %other = map { $_ => 1 } qw(xn--bcher-kva a-zero txt-sp-semi m-none
                               m-nxsecond m-dead);

for my $name (sort keys %case) {
    my $findings = $list{lc "$name.example"};

    is(join(', ', sort map { "$_->{code} $_->{severity}" } @$findings),
       $case{$name}[0], $name) or diag explain $findings;

    next if $other{$name};

    is(scalar(grep { $_->{severity} =~ /warning|error/ } @$findings) ? 1 : 0,
       @{ $rejects{$name} } ? 1 : 0,
       '... rejected by: ' . join ' ', @{ $rejects{$name} });
}

$world->stop;
done_testing();
