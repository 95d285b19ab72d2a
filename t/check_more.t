#!/usr/bin/perl

# mta-sts check against real servers: what could not be looked at is unknown, a
# cause is one finding with the right advice, and what only some senders reject is
# named.

use strict;
use warnings;

use lib 't/lib';
use IO::Socket::SSL;
use JSON::PP;
use MtaSts;
use MtaSts::World;
use Test::More;
use Time::HiRes qw(time);

enter_world();

$ENV{PATH} .= ':/usr/sbin:/sbin';

my $world = MtaSts::World->new;
my $dir = $world->dir;

my $good = "version: STSv1\r\nmode: enforce\r\nmx: mx.good.example\r\n"
         . "max_age: 604800\r\n";
my $html = "<!DOCTYPE html>\n<html><body>Welcome</body></html>\n";

# An answer that is written as it is, over TLS.

sub raw {
    my ($head, $body) = @_;
    return "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n$head"
         . "Connection: close\r\n\r\n$body";
}

# domain => [what is found, what makes it different from a healthy one]; a
# finding is its code and severity, and what its text must have

my %case = (
    # unknown is not right

    'blind' => [['policy-no-route unknown', 'smtp-no-route unknown'],
                a => 'A 198.51.100.1', mx => ['noroute.mx']],
    'many' => [['policy-not-tried unknown', 'policy-timeout error'],
               a => join "\n", 'A 198.18.1.1', map {
                   "mta-sts.many A 198.18.1.$_" } 2 .. 21],

    # addresses that senders cannot reach, or fall back from

    'dead' => [['policy-connect warning'],
               a => "A 192.0.2.1\nmta-sts.dead A 192.0.2.2"],
    'silent' => [['policy-timeout warning'],
                 a => "A 192.0.2.1\nmta-sts.silent A 198.18.0.1"],
    'loopback' => [['host-private error', 'policy-connect error'],
                   a => 'A 127.0.0.2'],
    'private' => [['host-private warning', 'policy-no-route unknown'],
                  a => 'A 10.0.0.1'],

    # handshakes

    'noname' => [['policy-tls error no server'], a => 'A 192.0.2.4'],
    'nofile' => [['policy-tls error no server'],
                 a => "A 192.0.2.1\nmta-sts.nofile AAAA 2001:db8::1",
                 cert => 'none'],
    'dual' => [['policy-cert-expired error RSA'], certs => ['rsaold']],
    'both' => [[], certs => ['rsa']],
    'weak' => [['policy-cert-weak error'], cert => 'weak'],
    'staple' => [['policy-cert-staple warning'], cert => 'staple'],
    'dhe' => [['policy-tls-exchange warning'], cert => 'rsa',
              tls => 'TLSv1.2', in => "ssl_ciphers DHE-RSA-AES256-GCM-"
                    . "SHA384; ssl_dhparam $dir/dh.pem;"],
    'old' => [['policy-cert-chain error issuer\'s current'], cert => 'old'],

    'client' => [['policy-status error asks for a client certificate'],
                 in => 'ssl_verify_client on; '
                     . "ssl_client_certificate $dir/ca.pem;"],

    # answers that some senders reject

    (map { my ($name, $what, $raw) = @$_;
           $name => [["policy-head warning $what"], raw => $raw]
    } ['lines', 'header lines', raw(join('', map { "X-$_: y\r\n" } 1 .. 150),
                                    $good)],
      ['bytes', '16 KiB', raw(join('', map { "X-$_: " . 'y' x 1000 . "\r\n" }
                                       1 .. 20), $good)],
      ['both-lengths', 'both', raw("Content-Length: 5\r\nTransfer-Encoding: "
          . "chunked\r\n", sprintf("%x\r\n$good\r\n0\r\n\r\n", length $good))],
      ['early', 'informational', "HTTP/1.1 103 Early Hints\r\nLink: </>\r\n"
          . "\r\n" . raw('', $good)],
      ['bare', 'LF alone', raw('', $good) =~ s/\r\n(?=.*?\r\n\r\n)/\n/rs]),
    'charset' => [['policy-type-form error'],
                  type => '"text/plain; charset="'],
    'flowed' => [[], type => '"text/plain; format=flowed"'],

    # policies

    'page' => [['policy-syntax error another document'], body => $html,
               type => 'text/html'],
    'braces' => [['policy-extension error braces'],
                 body => "${good}x: {y}\r\n"],
    'latin' => [['policy-extension error'], body => "${good}x: \xfc\r\n"],
    'twospace' => [[], body => $good =~ s/: /:  /gr],
    'ulabel' => [['policy-mx error xn--bcher-kva.example'],
                 body => "${good}mx: b\xc3\xbccher.example\r\n"],
    'drift' => [['mx-not-covered error', 'policy-mx error'],
                body => "${good}mx: a b\r\n", mx => ['mx.good', 'other.mx']],
    'testing' => [['policy-testing note'],
                  body => $good =~ s/enforce/testing/r],
    'low' => [['policy-max-age-low note'], body => $good =~ s/604800/86400/r],
    'preload' => [['policy-preload note'],
                  body => $good =~ s/604800/10886400/r],
    'none' => [['smtp-cert-name note'], body => $good =~ s/enforce/none/r,
               mx => ['name.mx']],

    # records

    'twice' => [['txt-none error _mta-sts.twice.example.twice.example'],
                txt => undef, more => '_mta-sts.twice.example.twice TXT '
                                    . '"v=STSv1; id=1;"'],
    'apex' => [['txt-none error at apex.example'], txt => undef,
               more => 'apex TXT "v=STSv1; id=1;"'],
    'stale' => [['txt-id-stale warning'],
                txt => '"v=STSv1; id=0123456789abcdef0123;"'],
    'date' => [[], txt => '"v=STSv1; id=20250102030405123456;"'],
    'tab' => [['txt-tab error'], txt => '"v=STSv1;\009id=1;"'],
    'caa' => [['host-caa warning', 'policy-cert-expired error'],
              cert => 'expired', more => 'caa CAA 0 issue ";"'],
    'caa-ok' => [['policy-cert-expired error'], cert => 'expired',
                 more => 'caa-ok CAA 0 issue "letsencrypt.org"'],
    'rpt-case' => [['tlsrpt-version error'],
                   rpt => '"v=tlsrptv1; rua=mailto:tls@example.com"'],
    'rpt-blank' => [['tlsrpt-space warning'],
        rpt => '"v=TLSRPTv1; rua=mailto:a@b.example, mailto:c@b.example"'],
    'rpt-strings' => [['tlsrpt-strings warning'],
                      rpt => '"v=TLSRPTv1; " "rua=mailto:a@b.example"'],
    'rpt-other' => [['tlsrpt-other warning'],
        rpt => "\"v=TLSRPTv1; rua=mailto:a\@b.example\"\n"
             . '_smtp._tls.rpt-other TXT "hello"'],

    # mail servers

    'ip' => [['mx-address warning', 'mx-stale note', 'mx-not-covered error'],
             mx => ['192.0.2.10.', 'other.mx']],
    'spare' => [['mx-host-none warning'], mx => ['mx.good', 'none.mx'],
                mxbody => 'none.mx.example'],
    (map { my ($name, $host, @found) = @$_;
           $name => [\@found, mx => ["$host.mx"]]
    } ['listed', 'listed', 'smtp-answer warning go away'],
      ['busy', 'busy', 'smtp-answer warning later'],
      ['helo', 'helo', 'smtp-answer warning need fully'],
      ['later', 'later', 'smtp-answer warning for now'],
      ['slow', 'slow'],
      ['mx-dual', 'dual', 'smtp-cert-expired error RSA'],
      ['mx-weak', 'weak', 'smtp-cert-weak error 1024 bits'],
      ['families', 'fam']),
);

my @san = map { "mta-sts.$_.example" } sort keys %case;
my %cert = (
    good => $world->cert('good', \@san),
    rsa => $world->cert('rsa', \@san, rsa => 2048),
    rsaold => $world->cert('rsaold', \@san, rsa => 2048, to => -1),
    staple => $world->cert('staple', \@san, ext => [
        { sn => 'tlsfeature', data => 'status_request' }]),
    weak => $world->cert('weak', \@san, rsa => 1024),
    expired => $world->cert('expired', \@san, to => -1),
    old => $world->cert('oldleaf', \@san, issuer => 'old', chain => 1),
);

run('', qw(openssl dhparam -dsaparam -out), "$dir/dh.pem", 2048);

my ($records, $http, %files) = ('', '');
my $address = 2;

for my $name (sort keys %case) {
    my ($found, %opt) = @{ $case{$name} };
    my $body = $opt{body} // $good;

    %opt = (a => 'A 192.0.2.1', txt => '"v=STSv1; id=1;"', mx => ['mx.good'],
            rpt => '"v=TLSRPTv1; rua=mailto:tls@example.com"', cert => 'good',
            type => 'text/plain', in => '', %opt);

    if ($opt{mx}[0] =~ /\.mx$/) {
        $body =~ s/mx: mx\.good/mx: $opt{mx}[0]/;
    }

    $body .= "mx: $opt{mxbody}\r\n" if $opt{mxbody};

    if ($opt{raw}) {
        my $ip = '192.0.2.' . (20 + $address++);
        my $answer = $opt{raw};
        $opt{a} = "A $ip";

        $world->listener($ip, 443, sub {
            my ($client) = @_;
            IO::Socket::SSL->start_SSL($client, SSL_server => 1,
                SSL_cert_file => "$cert{good}.pem",
                SSL_key_file => "$cert{good}.key") or return;
            while (<$client>) {
                last if /^\r?$/;
            }
            print $client $answer;
            $client->close;
        });
    }

    $records .= "mta-sts.$name $opt{a}\n";
    $records .= "_mta-sts.$name TXT $opt{txt}\n" if defined $opt{txt};
    $records .= "_smtp._tls.$name TXT $opt{rpt}\n";
    $records .= "$name MX 10 $_\n" for @{ $opt{mx} };
    $records .= "$opt{more}\n" if $opt{more};

    $files{"$name.txt"} = $body;

    my $inside = "$opt{in} default_type $opt{type}; root %%DIR%%; "
               . "location / { try_files /$name.txt =404; }";

    if ($opt{cert} eq 'none') {
        $http .= "server { listen 192.0.2.1:443 ssl; "
               . "listen [2001:db8::1]:443 ssl; "
               . "server_name mta-sts.$name.example; "
               . "ssl_certificate $dir/\$ssl_server_name.pem; "
               . "ssl_certificate_key $dir/\$ssl_server_name.key; }\n";
        next;
    }

    $http .= web("mta-sts.$name.example", $cert{$opt{cert}}, $inside,
                 $opt{tls} ? (tls => $opt{tls}) : (),
                 certs => [map { $cert{$_} } @{ $opt{certs} // [] }]);
}

$http .= 'server { listen 192.0.2.4:443 ssl; ssl_protocols TLSv1.2; '
       . "ssl_reject_handshake on; }\n";

$records .= <<'EOZ';
mx.good A 192.0.2.10
other.mx A 192.0.2.11
name.mx A 192.0.2.12
dual.mx A 192.0.2.13
listed.mx A 192.0.2.14
busy.mx A 192.0.2.15
helo.mx A 192.0.2.16
later.mx A 192.0.2.17
slow.mx A 192.0.2.18
weak.mx A 192.0.2.19
fam.mx A 192.0.2.20
fam.mx AAAA 2001:db8::2
noroute.mx A 198.51.100.1
EOZ

$world->dns($records, [], []);

# OpenSSL's default refuses to serve a key of 1024 bits

$ENV{OPENSSL_CONF} = $world->weak_openssl;
$world->nginx($http, %files);

$world->cert('mx', ['mx.good.example']);
$world->cert('m11', ['other.mx.example']);
$world->cert('m13', ['dual.mx.example']);
$world->cert('m13rsa', ['dual.mx.example'], rsa => 2048, to => -1);
$world->cert('m18', ['slow.mx.example']);
$world->cert('m19', ['weak.mx.example'], rsa => 1024);
$world->cert('m20', ['fam.mx.example']);
$world->postfix(
    '192.0.2.10' => ["smtpd_tls_chain_files=$dir/mx.key,$dir/mx.pem"],
    '192.0.2.11' => ["smtpd_tls_chain_files=$dir/m11.key,$dir/m11.pem"],
    '192.0.2.12' => ["smtpd_tls_chain_files=$dir/mx.key,$dir/mx.pem"],
    '192.0.2.13' => ["smtpd_tls_chain_files=$dir/m13.key,$dir/m13.pem,"
                     . "$dir/m13rsa.key,$dir/m13rsa.pem"],
    '192.0.2.19' => ["smtpd_tls_chain_files=$dir/m19.key,$dir/m19.pem"],
    '192.0.2.20' => ["smtpd_tls_chain_files=$dir/m20.key,$dir/m20.pem"],
    '[2001:db8::2]' => ["smtpd_tls_chain_files=$dir/m20.key,$dir/m20.pem"]);
delete $ENV{OPENSSL_CONF};

# A mail server that answers each line with the next answer.

sub smtp {
    my ($ip, @answers) = @_;
    $world->listener($ip, 25, sub {
        my ($client) = @_;
        $client->autoflush(1);
        for my $answer (@answers) {
            print $client ref $answer ? $answer->() : "$answer\r\n";
            <$client>;
        }
    });
}

smtp('192.0.2.14', '554 go away');
smtp('192.0.2.15', '421 later');
smtp('192.0.2.16', '220 hi', '504 need fully-qualified hostname',
     '504 need fully-qualified hostname');
smtp('192.0.2.17', '220 hi', "250-hi\r\n250 STARTTLS", '454 not now');

$world->listener('192.0.2.18', 25, sub {
    my ($client) = @_;
    $client->autoflush(1);
    sleep 6;
    print $client "220 hi\r\n";
    <$client>;
    print $client "250-hi\r\n250 STARTTLS\r\n";
    <$client>;
    print $client "220 go\r\n";
    IO::Socket::SSL->start_SSL($client, SSL_server => 1,
        SSL_cert_file => "$dir/m18.pem", SSL_key_file => "$dir/m18.key")
        or return;
    print $client "250 ok\r\n" while <$client>;
});


my @net = ('--no-config', '--resolver', $world->resolver, '--ca', $world->ca,
           '--timeout', 5, '--jobs', 8);

sub check {
    my (@args) = @_;
    my ($status, $out, $err) = helper('check', '-f', 'json', @net, @args);
    my $list = look_again($out, sub { (helper('check', '-f', 'json', @net,
        (grep { !/\.example\z/ } @args), @_))[1] }) or diag "$out$err";
    return ($status, { map { $_->{domain} => $_ } @{ $list // [] } });
}

my ($status, $list) = check(map { "$_.example" } sort keys %case);

is($status, 1, 'something was found');

for my $name (sort keys %case) {
    my @found = @{ $list->{"$name.example"}{findings} };
    my @expected = @{ $case{$name}[0] };

    is(join(', ', sort map { "$_->{code} $_->{severity}" } @found),
       join(', ', sort map { join ' ', (split ' ')[0, 1] } @expected), $name)
        or diag explain \@found;

    for my $expected (@expected) {
        my ($code, $severity, $text) = split ' ', $expected, 3;
        next if !$text;
        my ($finding) = grep { $_->{code} eq $code } @found;
        like($finding->{text} // '', qr/\Q$text/, "$name: the text of $code");
    }
}

# a cause on two addresses is one finding that names both

like((grep { $_->{code} eq 'policy-tls' }
           @{ $list->{'nofile.example'}{findings} })[0]{text},
     qr/^192\.0\.2\.1, 2001:db8::1: /, 'one finding for two addresses');

# exit statuses

is((check('blind.example'))[0], 3, 'unknown: 3');
is((check('blind.example', 'silent.example'))[0], 1,
   'unknown and a warning: 1');
is((check('blind.example', 'silent.example', '--fail-on', 'error'))[0], 3,
   'unknown and a warning that does not count: 3');
is((check('none.example'))[0], 0, 'mode none: mail servers are notes');

my @nagios = helper('check', '-f', 'nagios', @net, 'blind.example');
is($nagios[0], 3, 'nagios: unknown');
like($nagios[1], qr/^MTA-STS UNKNOWN - 1 domain, 0 errors/, 'which it says');

# one family

($status, $list) = check('--family', 6, 'nofile.example', 'silent.example');
is(join(', ', sort map { "$_->{code} $_->{severity}" }
                   @{ $list->{'nofile.example'}{findings} }),
   'policy-family note, policy-tls error, smtp-not-tried unknown',
   '--family 6: what is left out is a note');
is(join(', ', sort map { "$_->{code} $_->{severity}" }
                   @{ $list->{'silent.example'}{findings} }),
   'policy-not-tried unknown, smtp-not-tried unknown',
   'but nothing at all is unknown');
($status, $list) = check('--family', 6, 'families.example');
is(join(', ', map { "$_->{code} $_->{severity}" }
              @{ $list->{'families.example'}{findings} }),
   'policy-not-tried unknown, smtp-family note', 'the same for mail servers');
like((helper('check', '--family', 4, @net, 'both.example'))[1],
     qr/^only IPv4 addresses/m, 'the output says so');

# a name server that is silent costs the timeout, not the timeout each

my $begin = time;
($status) = helper('check', '--no-config', '--timeout', 6, '--resolver',
                   join(',', map { "198.18.0.$_:53" } 1 .. 3), 'a.example');
is($status, 3, 'silent name servers: unknown');
cmp_ok(time - $begin, '<', 18, 'in less than the timeout of each');

# names of a file, each once

spew("$dir/names", "both.example\n  BOTH.example. silent.example\n");
($status, $list) = check('--domains-from', "$dir/names");
is(join(' ', sort keys %$list), 'both.example silent.example',
   '--domains-from');
my ($rc, $out, $err) = helper('check', '-f', 'prometheus', @net,
                              '--domains-from', "$dir/names", 'both.example');
my %series;
$series{$_}++ for map { s/ \S+$//r } grep { !/^#/ } split /\n/, $out;
is(join("\n", grep { $series{$_} > 1 } sort keys %series), '',
   'prometheus: each series once');
like($out, qr/^mta_sts_check_$_$/m, "prometheus: $_")
    for 'mode\{domain="both\.example",mode="enforce"\} 1',
        'max_age_seconds\{domain="both\.example"\} 604800',
        'findings\{domain="silent\.example",severity="warning"\} 1',
        'certificate_expiry_timestamp_seconds\{domain="both\.example",subject="policy",'
        . 'host="mta-sts\.both\.example",address="192\.0\.2\.1",key="rsa"\} \d+',
        'time_seconds\{domain="both\.example"\} \d+',
        'preload\{domain="both\.example"\} 0';

($rc, $out, $err) = helper('check', @net, '--domains-from', "$dir/none");
is($rc, 3, 'no such file: 3');
spew("$dir/empty", "\n");
is((helper('check', @net, '--domains-from', "$dir/empty"))[0], 3,
   'no names: 3');

# what changed since an earlier check

($rc, $out) = helper('check', '-f', 'json', @net, 'stale.example',
                     'tab.example', 'both.example');
my $before = decode_json($out);
spew("$dir/before.json", $out);

($rc, $out) = helper('check', '--since', "$dir/before.json", @net,
                     'stale.example', 'tab.example', 'both.example');
is("$rc$out", '0', 'nothing changed: nothing is printed');

@{ (grep { $_->{domain} eq 'stale.example' } @$before)[0]{findings} } = ();
push @{ (grep { $_->{domain} eq 'both.example' } @$before)[0]{findings} },
    { code => 'policy-status', severity => 'error', text => 'x' };
spew("$dir/before.json", encode_json($before));

($rc, $out) = helper('check', '--since', "$dir/before.json", @net,
                     'stale.example', 'tab.example', 'both.example');
is($rc, 1, 'something new: 1');
like($out, qr/warning +txt-id-stale/, 'which is listed');
unlike($out, qr/txt-tab/, 'what was there before is not');
like($out, qr/^resolved +both\.example +policy-status$/m, 'what is resolved');
is((helper('check', '--since', "$dir/names", @net, 'a.example'))[0], 3,
   'not JSON: 3');

# many domains: a summary, groups, and a plugin's 4 KB

my $many = join ' ', map { "n$_.example" } 1 .. 300;
spew("$dir/many", "$many tab.example");
($rc, $out) = helper('check', @net, '--domains-from', "$dir/many");
like($out, qr/\Asummary\n +error +txt-none +300: n1\.example, /,
     'a summary first');
like($out, qr/^error +txt-none: .*\n +n1\.example.* and 295 more$/m,
     'what many have in common is listed once');
cmp_ok(length $out, '<', 8000, 'the report is short')
    or diag substr $out, 0, 4000;

($rc, $out) = helper('check', '-f', 'nagios', @net, '--domains-from',
                     "$dir/many");
cmp_ok(length $out, '<=', 4096, 'nagios: no more than 4 KB');
like($out, qr/^and \d+ more$/m, 'which says that there is more');

# options

for my $case (['--family', '5'], ['--helo', 'a b'], ['--smtp-timeout', '0']) {
    is((helper('check', '--no-config', @$case, 'a.example'))[0], 2, "@$case");
}

$world->stop;
done_testing();
