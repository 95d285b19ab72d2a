#!/usr/bin/perl

# mta-sts check against real servers: a healthy domain without findings, and
# domains with one fault each, of which exactly that is found.

use strict;
use warnings;

use lib 't/lib';
use MtaSts;
use MtaSts::World;
use Test::More;

enter_world();

$ENV{PATH} .= ':/usr/sbin:/sbin';

my $world = MtaSts::World->new;
my $dir = $world->dir;
my %seen;

my $good = "version: STSv1\r\nmode: enforce\r\nmx: mx.good.example\r\n"
         . "max_age: 604800\r\n";

# domain => [codes, what makes it different from a healthy one]

my %case = (
    'healthy' => [],
    'v6' => [[], a => 'AAAA 2001:db8::1'],
    'both' => [[], a => "A 192.0.2.1\nmta-sts.both AAAA 2001:db8::1"],
    'aliases' => [[], a => 'CNAME one', more => "one CNAME two\n"
                  . "two A 192.0.2.1\n_mta-sts.aliases CNAME three\n"
                  . 'three TXT "v=STSv1; id=1;"', txt => undef],
    'wildcard-cert' => [[], cert => 'wild'],

    'txt-dns' => [['txt-dns'], dead => '_mta-sts'],
    'txt-none' => [['txt-none'], txt => undef],
    'txt-version' => [['txt-version'], txt => '"v=stsv1; id=1;"'],
    'txt-several' => [['txt-several'],
                      txt => "\"v=STSv1; id=1;\"\n"
                           . '_mta-sts.txt-several TXT "v=STSv1; id=2;"'],
    'txt-id-missing' => [['txt-id-missing'], txt => '"v=STSv1;"'],
    'txt-id-syntax' => [['txt-id-syntax'], txt => '"v=STSv1; id=1-2;"'],
    'txt-syntax' => [['txt-syntax'], txt => '"v=STSv1; id=1; what"'],
    'txt-id-twice' => [['txt-id-twice'], txt => '"v=STSv1; id=1; id=2;"'],
    'txt-other' => [['txt-other'], txt => "\"v=STSv1; id=1;\"\n"
                                        . '_mta-sts.txt-other TXT "hello"'],
    'txt-strings' => [['txt-strings'], txt => '"v=STSv1; " "id=1;"'],
    'txt-extension' => [['txt-extension'], txt => '"v=STSv1; id=1; a=b;"'],
    'txt-trailing-space' => [['txt-trailing-space'],
                             txt => '"v=STSv1; id=1; "'],
    'txt-space' => [['txt-space'], txt => '"v=STSv1 ; id=1;"'],
    'txt-ttl' => [['txt-ttl'], txt => undef,
                  more => '_mta-sts.txt-ttl 100000 TXT "v=STSv1; id=1;"'],

    'host-dns' => [['host-dns'], dead => 'mta-sts'],
    'host-loop' => [['host-dns'], a => 'CNAME loop', more => "loop CNAME "
                    . 'mta-sts.host-loop'],
    'host-none' => [['host-none'], a => undef],
    'policy-no-route' => [['policy-no-route'], a => "A 192.0.2.1\n"
                          . 'mta-sts.policy-no-route A 198.51.100.1'],
    'policy-connect' => [['policy-connect'], a => 'A 192.0.2.2'],
    'policy-timeout' => [['policy-timeout'], a => 'A 192.0.2.3'],
    'policy-tls' => [['policy-tls'], a => 'A 192.0.2.4'],
    'policy-tls13-only' => [['policy-tls13-only'], a => 'A 192.0.2.6'],
    'policy-cert-name' => [['policy-cert-name'], cert => 'domain'],
    'cert-cn' => [['policy-cert-name'], cert => 'cn'],
    'policy-cert-chain' => [['policy-cert-chain'], cert => 'strange'],
    'policy-cert-expired' => [['policy-cert-expired'], cert => 'expired'],
    'policy-cert-not-yet' => [['policy-cert-not-yet'], cert => 'notyet'],
    'policy-cert-expires' => [['policy-cert-expires'], cert => 'expires'],
    'policy-closed' => [['policy-closed'], http => 'return 444;'],
    'policy-redirect' => [['policy-redirect'],
                          http => 'return 302 https://www.example/x;'],
    'policy-status' => [['policy-status'], http => 'return 404;'],
    'status-201' => [['policy-status'], http => 'return 201 "x";'],
    'status-404-valid' => [['policy-status'], http => qq(return 404 "$good";)],
    (map { my $name = "status-$_";
           $name => [['policy-status'], http => qq(return $_ "$good";)]
         } 203, 204, 206, 403, 410, 500, 503),
    'redirect-308' => [['policy-redirect'],
                       http => 'return 308 http://www.example/x;'],
    'chain' => [[], cert => 'chain'],
    'no-chain' => [['policy-cert-chain'], cert => 'nochain'],
    'chunked' => [[], http => 'default_type text/plain; root %%DIR%%; '
                  . 'ssi on; ssi_types *; '
                  . 'location / { try_files /healthy.txt =404; }'],
    'policy-type' => [['policy-type'], type => 'text/html'],
    'type-none' => [['policy-type'], type => ''],
    'policy-type-form' => [['policy-type-form'], type => 'TEXT/Plain'],
    'type-charset' => [[], type => '"text/plain; charset=utf-8"'],
    'type-charset-bogus' => [['policy-type-form'],
                             type => '"text/plain; charset=bogus"'],
    'policy-encoding' => [['policy-encoding'],
                          http => 'add_header Content-Encoding gzip; '
                                . 'return 200 "x";'],
    'policy-too-large' => [['policy-too-large'], file => 70000],
    'policy-33k' => [['policy-too-large'], file => 33000],
    'policy-large' => [['policy-large'], file => 11000],
    'policy-slow' => [['policy-slow'], a => 'A 192.0.2.7'],
    'policy-syntax' => [['policy-syntax'], body => "${good}what\r\n"],
    'policy-bom' => [['policy-bom'], body => "\xef\xbb\xbf$good"],
    'policy-blank-line' => [['policy-blank-line'], body => "$good\r\n"],
    'policy-version' => [['policy-version'],
                         body => $good =~ s/STSv1/STSv2/r],
    'policy-mode' => [['policy-mode'], body => $good =~ s/enforce/Enforce/r],
    'policy-max-age' => [['policy-max-age'], body => $good =~ s/604800/7d/r],
    'policy-mx' => [['policy-mx'], body => "${good}mx: mx.good.example.\r\n"],
    'policy-mx-missing' => [['policy-mx-missing'],
                            body => $good =~ s/mx: .*\r\n//r],
    'policy-duplicate' => [['policy-duplicate'],
                           body => "${good}mode: testing\r\n"],
    'policy-extension' => [['policy-extension'], body => "${good}a: b\r\n"],
    'policy-none-without-mx' => [['policy-none-without-mx'],
                                 body => "version: STSv1\r\nmode: none\r\n"
                                       . "max_age: 604800\r\n"],
    'policy-max-age-short' => [['policy-max-age-short'],
                               body => $good =~ s/604800/60/r],
    'policy-mx-case' => [['policy-mx-case'],
                         body => $good =~ s/mx\.good/MX.Good/r],
    'policy-version-not-first' => [['policy-version-not-first'],
        body => $good =~ s/(version.*\r\n)(mode.*\r\n)/$2$1/r],
    'policy-space' => [['policy-space'], body => $good =~ s/: /:/gr],
    'policy-line-ends' => [['policy-line-ends'],
                           body => $good =~ s/\r\n/\n/r],
    'policy-addresses-differ' => [['policy-addresses-differ'],
        a => "A 192.0.2.1\nmta-sts.policy-addresses-differ A 192.0.2.5"],

    'mx-dns' => [['mx-dns'], dead => ''],
    'mx-none' => [['mx-none', 'mx-not-covered', 'mx-stale',
                   'smtp-cert-name'], mx => [],
                  more => 'mx-none A 192.0.2.10'],
    'mx-null' => [['mx-null'], mx => ['.']],
    'mx-not-covered' => [['mx-not-covered'],
                         mx => ['mx.good', 'other.mx'] ],
    'mx-stale' => [['mx-stale'], body => "${good}mx: mx2.good.example\r\n"],
    'mx-cname' => [['mx-cname', 'smtp-cert-name'], mx => ['alias.mx'],
                   mxname => 'alias.mx.example'],
    'mx-host-dns' => [['mx-host-dns'], mx => ['dead.mx'],
                      mxname => 'dead.mx.example'],
    'mx-host-none' => [['mx-host-none'], mx => ['none.mx'],
                       mxname => 'none.mx.example'],
    map { my ($name, $host) = @$_;
          $name => [[$name], mx => ["$host.mx"], mxname => "$host.mx.example"]
    } ['smtp-no-route', 'noroute'], ['smtp-connect', 'closed'],
      ['smtp-answer', 'greets'], ['smtp-starttls', 'plain'],
      ['smtp-tls', 'oldtls'], ['smtp-cert-name', 'name'],
      ['smtp-cert-chain', 'chain'], ['smtp-cert-expired', 'expired'],
      ['smtp-cert-not-yet', 'notyet'], ['smtp-cert-expires', 'expires']
);

$case{'tlsrpt-dns'} = [['tlsrpt-dns'], dead => '_smtp._tls'];
$case{'tlsrpt-none'} = [['tlsrpt-none'], rpt => undef];
$case{'tlsrpt-several'} = [['tlsrpt-several'], rpt =>
    "\"v=TLSRPTv1; rua=mailto:a\@b.example\"\n"
    . '_smtp._tls.tlsrpt-several TXT "v=TLSRPTv1; rua=mailto:b@b.example"'];
$case{'tlsrpt-syntax'} = [['tlsrpt-syntax'], rpt => '"v=TLSRPTv1; rua=a"'];


# One certificate for all that have no other.

my @own = grep { !{ @{ $case{$_} }[1 .. $#{ $case{$_} }] }->{cert} }
          sort keys %case;
my @san = map { "mta-sts.$_.example" } @own, 'configured', 'differs', 'stale', 'next';
my %cert = (
    good => $world->cert('good', \@san),
    wild => $world->cert('wild', ['*.wildcard-cert.example']),
    domain => $world->cert('domain', ['policy-cert-name.example',
                                      '*.example']),
    cn => $world->cert('cn', [], cn => 'mta-sts.cert-cn.example'),
    strange => $world->cert('strange-leaf',
                            ['mta-sts.policy-cert-chain.example'],
                            issuer => 'strange'),
    chain => $world->cert('chain', ['mta-sts.chain.example'],
                          issuer => 'middle', chain => 1),
    nochain => $world->cert('nochain', ['mta-sts.no-chain.example'],
                            issuer => 'middle'),
    expired => $world->cert('expired', ['mta-sts.policy-cert-expired.example'],
                            to => -1),
    notyet => $world->cert('notyet', ['mta-sts.policy-cert-not-yet.example'],
                           from => 1),
    expires => $world->cert('expires', ['mta-sts.policy-cert-expires.example'],
                            from => -80, to => 3),
);

my ($records, $http, %files, @dead) = ('', "default_type text/plain;\n");

for my $name (sort keys %case) {
    my ($codes, %opt) = @{ $case{$name} };
    %opt = (a => 'A 192.0.2.1', txt => '"v=STSv1; id=1;"', mx => ['mx.good'],
            rpt => '"v=TLSRPTv1; rua=mailto:tls@example.com"', cert => 'good',
            %opt);
    my $mx = $opt{mxname} // 'mx.good.example';
    my $body = $opt{body} // $good =~ s/mx\.good\.example/$mx/r;

    if ($opt{file}) {
        $body = $good . "mx: mx.good.example\r\n" x ($opt{file} / 21);
    }

    push @dead, $opt{dead} eq '' ? "$name.example" : "$opt{dead}.$name.example"
        if defined $opt{dead};

    $records .= "mta-sts.$name $opt{a}\n" if defined $opt{a};
    $records .= "_mta-sts.$name TXT $opt{txt}\n" if defined $opt{txt};
    $records .= "_smtp._tls.$name TXT $opt{rpt}\n" if defined $opt{rpt};
    $records .= "$name MX 10 $_\n" for @{ $opt{mx} };
    $records .= "$opt{more}\n" if $opt{more};

    $files{"$name.txt"} = $body;
    my $type = !exists $opt{type} ? 'default_type text/plain;'
             : $opt{type} eq '' ? 'default_type "";'
             : "default_type $opt{type};";
    my $inside = $opt{http} // "$type root %%DIR%%; "
                             . "location / { try_files /$name.txt =404; }";
    my @all = ('192.0.2.1', '[2001:db8::1]');

    $http .= web("mta-sts.$name.example", $cert{$opt{cert}}, $inside,
                 listen => $name eq 'policy-tls13-only' ? ['192.0.2.6']
                         : \@all,
                 tls => $name eq 'policy-tls13-only' ? 'TLSv1.3'
                      : 'TLSv1.2 TLSv1.3');
}

$files{'other.txt'} = $good =~ s/604800/700000/r;
$http .= web('mta-sts.policy-addresses-differ.example', $cert{good},
             'root %%DIR%%; location / { try_files /other.txt =404; }',
             listen => ['192.0.2.5']);
$http .= "server { listen 192.0.2.4:443; return 200; }\n";

$records .= <<'EOZ';
mx.good A 192.0.2.10
other.mx A 192.0.2.20
real.mx A 192.0.2.10
alias.mx CNAME real.mx
noroute.mx A 198.51.100.1
closed.mx A 192.0.2.19
greets.mx A 192.0.2.18
plain.mx A 192.0.2.11
name.mx A 192.0.2.12
expired.mx A 192.0.2.13
notyet.mx A 192.0.2.14
chain.mx A 192.0.2.15
expires.mx A 192.0.2.16
oldtls.mx A 192.0.2.17
EOZ

# the configured ones: the module serves them

my $yaml = "$dir/mta-sts.yaml";
my $conf = <<'EOY';
domains:
  configured.example: {mode: enforce, mx: mx.good.example,
                       tlsrpt_rua: mailto:tls@example.com}
  differs.example: {mode: enforce, mx: mx.good.example,
                    tlsrpt_rua: mailto:tls@example.com}
  stale.example: {mode: enforce, mx: mx.good.example,
                  tlsrpt_rua: mailto:tls@example.com}
EOY
spew($yaml, $conf);
my ($id) = (helper('list', '-d', $yaml, 'configured.example'))[1]
           =~ /\b([0-9a-f]{20})\b/;

$http .= web('mta-sts.configured.example mta-sts.differs.example',
             $cert{good}, "mta_sts_domains $yaml;");
$http .= web('mta-sts.stale.example', $cert{good}, "mta_sts_domains $yaml;");
$http .= web('mta-sts.stale.example', $cert{good},
             'root %%DIR%%; location / { try_files /other.txt =404; }',
             listen => ['192.0.2.5']);

$http .= web('mta-sts.next.example', $cert{good},
             'root %%DIR%%; location / { try_files /other.txt =404; }');

$records .= join '', map { <<"EOZ" } qw(configured differs stale next);
mta-sts.$_ A 192.0.2.1
$_ MX 10 mx.good
_mta-sts.$_ TXT "v=STSv1; id=@{[$_ eq 'differs' ? 'old' : $id]};"
_smtp._tls.$_ TXT "v=TLSRPTv1; rua=mailto:@{[$_ eq 'differs' ? 'x' : 'tls'
                                            ]}\@example.com"
EOZ
$records .= "mta-sts.stale A 192.0.2.5\n";

# names below the domain whose MX lookup is refused are answered

$world->dns($records, [@dead, 'dead.mx.example'],
            [map { "$_.mx-dns.example" } qw(_mta-sts mta-sts _smtp._tls)]);

$world->nginx($http, %files);
$world->postfix(
    '192.0.2.10' => ["smtpd_tls_chain_files=$dir/mx.key,$dir/mx.pem"],
    '192.0.2.11' => ['smtpd_tls_security_level=none'],
    '192.0.2.12' => ["smtpd_tls_chain_files=$dir/mx.key,$dir/mx.pem"],
    '192.0.2.13' => ["smtpd_tls_chain_files=$dir/m13.key,$dir/m13.pem"],
    '192.0.2.14' => ["smtpd_tls_chain_files=$dir/m14.key,$dir/m14.pem"],
    '192.0.2.15' => ["smtpd_tls_chain_files=$dir/m15.key,$dir/m15.pem"],
    '192.0.2.16' => ["smtpd_tls_chain_files=$dir/m16.key,$dir/m16.pem"],
    '192.0.2.17' => ["smtpd_tls_chain_files=$dir/mx.key,$dir/mx.pem",
                     'smtpd_tls_protocols=TLSv1'],
    '192.0.2.20' => ["smtpd_tls_chain_files=$dir/m20.key,$dir/m20.pem"],
) if $world->cert('mx', ['mx.good.example'])
    && $world->cert('m13', ['expired.mx.example'], to => -1)
    && $world->cert('m14', ['notyet.mx.example'], from => 2)
    && $world->cert('m15', ['chain.mx.example'], issuer => 'strange')
    && $world->cert('m16', ['expires.mx.example'], from => -80, to => 3)
    && $world->cert('m20', ['other.mx.example']);

$world->listener('192.0.2.3', 443, sub { sleep 100 });
$world->listener('192.0.2.7', 443, sub { slow($_[0]) });
$world->listener('192.0.2.18', 25, sub {
    my ($client) = @_;
    print $client "554 go away\r\n";
    $client->flush;
    <$client>;
});


# A slow answer.

sub slow {
    my ($client) = @_;
    require IO::Socket::SSL;
    IO::Socket::SSL->start_SSL($client, SSL_server => 1,
        SSL_cert_file => "$cert{good}.pem", SSL_key_file => "$cert{good}.key")
        or return;
    while (<$client>) {
        last if /^\r?$/;
    }
    sleep 3;
    print $client "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
        . 'Content-Length: ' . length($good) . "\r\nConnection: close\r\n\r\n"
        . $good;
    close $client;
}


my @net = ('--resolver', $world->resolver, '--ca', $world->ca, '--timeout', 8,
           '--jobs', 8);


# Runs check and returns what it found: domain => codes, joined.

sub check {
    my (@args) = @_;
    my ($status, $out, $err) = helper('check', '-f', 'json', @net, @args);
    my $list = look_again($out, sub { (helper('check', '-f', 'json', @net,
        (grep { !/\.example\z/ } @args), @_))[1] }, 'policy-slow.example');
    ok($list, "JSON of @args[0 .. ($#args > 3 ? 3 : $#args)]")
        or diag "$out$err";

    for my $finding (map { @{ $_->{findings} } } @{ $list // [] }) {
        $seen{ $finding->{code} } = $finding->{severity};
    }

    return ($status, $list, { map { my $d = $_;
        my %once = map { $_->{code} => 1 } @{ $d->{findings} };
        $d->{domain} => join ' ', sort keys %once } @{ $list // [] } });
}


my ($status, $list, $found) = check('--no-config',
                                    map { "$_.example" } sort keys %case);

is($status, 1, 'something was found');
is(scalar @$list, scalar keys %case, 'each domain is there');

for my $name (sort keys %case) {
    my ($codes) = @{ $case{$name} };
    my $got = $found->{"$name.example"};
    is($got, join(' ', sort @{ $codes // [] }), $name)
        or diag explain [grep { $_->{domain} eq "$name.example" } @$list];
}

# configuration against the live world

($status, $list, $found) = check('-d', $yaml);

is($found->{'configured.example'}, '', 'configured and live agree');
is($found->{'differs.example'}, 'tlsrpt-differs txt-id-differs',
   'records that are not the configured ones');
is($found->{'stale.example'}, 'policy-differs',
   'one of two addresses has an old policy');

# a policy that is configured but not served yet, and that would stop mail

spew("$dir/next.yaml", "domains:\n  next.example: {mode: enforce, "
     . "mx: mx3.good.example, tlsrpt_rua: mailto:tls\@example.com}\n");
($status, $list, $found) = check('-d', "$dir/next.yaml", 'next.example');
is($found->{'next.example'}, 'mx-not-covered-next policy-differs '
   . 'txt-id-differs', 'the configured policy does not match the live MX');

($status, $list, $found) = check('-d', $yaml);
is(scalar @{ $list->[0]{certificates} }, 2, 'certificates are listed');
is($list->[0]{certificates}[0]{days_left} > 50, 1, 'with their days');

is((check('-d', $yaml, 'configured.example'))[0], 0, 'nothing found: 0');
is((check('-d', $yaml, 'differs.example'))[0], 1, 'an error: 1');
is((check('--no-config', 'txt-ttl.example'))[0], 0, 'a note: 0');
is((check('--no-config', '--fail-on', 'note', 'txt-ttl.example'))[0], 1,
   'a note with --fail-on note');
is((check('--no-config', '--fail-on', 'error', 'txt-other.example'))[0], 0,
   'a warning with --fail-on error');
is((check('--no-config', '--no-smtp', 'smtp-starttls.example'))[0], 0,
   'without SMTP');

# each kind of finding was seen

my @rows = slurp('src/cli/judge/kinds.h')
           =~ /X\(\w+,\ ("[a-z0-9-]+"),\ \w+,\ (\w+),\ (\d),[\s\\]*
               "(\d+)\ ([^"]+)",[\s\\]*"([^"]+)"\)/xg;
my ($reference, @kinds) = ('');

while (my ($code, $severity, $less, $rfc, $section, $about)
       = splice @rows, 0, 6) {
    push @kinds, $code =~ tr/"//dr;
    $code =~ tr/"/`/;
    $severity = lc $severity
                . ($less && $severity eq 'ERROR' ? ', or warning' : '');
    $reference .= "| $code | $severity | $rfc, $section | $about |\n";
}

ok(scalar @kinds > 60, 'the list of kinds is read');
my $more = join '', map { slurp("t/$_.t") } qw(check_more check_reports);

is(join(' ', grep { !$seen{$_} && $more !~ /\b$_\b/ } sort @kinds), '',
   'each kind of the list is found here or in one of these');

# the documentation has the same list

ok(index(slurp('docs/check.md') . "\n", "| --- |\n$reference\n") > 0,
   'docs/check.md has the list of kinds') or diag $reference;

# records that wait for the policy, and changed ones

my ($rc, $out, $err) = helper('records', '-d', $yaml,
                           '--served', @net);
is($rc, 1, 'one domain is not served: status 1');
like($out, qr/^_mta-sts\.configured\.example\. .*$id/m, 'the record of a served domain');
unlike($out, qr/_mta-sts\.stale/, 'but not of the stale one');
like($err, qr/stale\.example is held back: policy-differs: 192\.0\.2\.5/,
     'which is named');

($rc, $out, $err) = helper('records', '-d', $yaml,
                        '--changed', '-f', 'text', @net);
is($rc, 0, 'changed: 0') or diag $err;
like($out, qr/Value  v=STSv1; id=$id;\n    Old    v=STSv1; id=old;/,
     'old beside new');
unlike($out, qr/configured|stale/, 'nothing else');

($rc, $out, $err) = helper('records', '-d', $yaml,
                        '--changed', 'configured.example', @net);
is("$rc$out", '0', 'nothing changed') or diag $err;

# the other formats

for my $format (qw(text prometheus nagios)) {
    my ($s, $o, $e) = helper('check', '-f', $format, @net,
                          '-d', $yaml);
    is($s, $format eq 'nagios' ? 2 : 1, "$format: status");
    unlike($o, qr/[^\x20-\x7e\n]/, "$format: printable");
    like($o, {
        text => qr/^\ +error\ +txt-id-differs:\ .*RFC\ 8461\ 3\.1 .*
                   ^configured\.example .*nothing\ found$/xms,
        prometheus => qr/^mta_sts_check_finding\{domain="differs\.example",
                         code="txt-id-differs",severity="error"\}\ 1$/xm,
        nagios => qr/^MTA-STS\ CRITICAL\ -\ 3\ domains,.*\|\ domains=3\ /x,
    }->{$format}, $format);
}

is((helper('check', '-f', 'nagios', @net, '-d', $yaml,
        'configured.example'))[0], 0, 'nagios: OK');

# usage errors, and a resolver that does not answer

for my $case ([2, qr/unknown format/, '-f', 'xml'],
              [2, qr/needs the names/, '--no-config'],
              [2, qr/mutually exclusive/, '--no-config', '-d', $yaml, 'a.example'],
              [2, qr/--fail-on/, '--fail-on', 'x'],
              [2, qr/invalid timeout/, '-d', $yaml, '--timeout', '0'],
              [2, qr/invalid jobs/, '-d', $yaml, '--jobs', '0'],
              [2, qr/invalid domain/, '--no-config', 'a_b'],
              [3, qr/open\(\)/, '-d', "$dir/none.yaml"],
              (map { [2, qr/invalid resolver "\Q$_\E", must be an IP/, '-d', $yaml, '--resolver', $_] }
                   'x', '8.8.8.8.8', '192.0.2.1:', '192.0.2.1:0', '192.0.2.1:1x', '[2001:db8::1',
                   '[2001:db8::1]x', '[192.0.2.1', '192.0.2.1,', ''),
              [3, qr/cannot read certificates/, '-d', $yaml, '--ca', '/none'],
              [3, qr/no lookup had an answer/, '-d', $yaml, '--resolver',
               '192.0.2.30:53', '--timeout', '2']) {
    my ($want, $text, @args) = @$case;
    my ($s, $o, $e) = helper('check', @args);
    is($s, $want, "@args: status") or diag $e;
    like($e, $text, "@args: text");
}

$world->stop;
done_testing();
