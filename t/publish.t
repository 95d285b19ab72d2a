#!/usr/bin/perl

# From configuration to published record: the commands of docs/dns.md, word for
# word except for places and ports, with the servers that they are for.  What
# counts is what comes out of the DNS.

use strict;
use warnings;

use lib 't/lib';
use File::Temp qw(tempdir);
use JSON::PP;
use MtaSts;
use MtaSts::Dns qw(zone_text);
use MtaSts::Docs qw(section snippet);
use Test::More;

my $dir = tempdir(CLEANUP => 1);
my $yaml = "$dir/mta-sts.yaml";
my $document = 'docs/dns.md';

$ENV{PATH} .= ':/usr/sbin:/sbin';

# a text of two strings, and one with all that is encoded

my $long = join ',', map { "https://r.example/$_/" . 'x' x 100 } 1 .. 4;


# The domains file; mx is what changes.

sub configure {
    my ($mx) = @_;
    spew($yaml, <<"EOY");
domains:
  a.example: {mode: enforce, mx: $mx, tlsrpt_rua: mailto:tls\@a.example}
  mail.a.example: {mx: $mx}
  b.example: {mx: $mx, tlsrpt_rua: [@{[join ', ', split /,/, $long]}]}
  c.example: {mx: $mx, tlsrpt_rua: "https://c.example/a,b;c!d"}
EOY
}


# A file of many domains that are delegated to p.example; what a format makes of
# it.

sub many {
    my ($count, $rua, $format) = @_;
    my $file = "$dir/many.yaml";

    spew($file, "tlsrpt_rua: [$rua]\nmx: mx.p.example\npolicies: {a: {}}\n"
        . "domains:\n"
        . join '', map { "  d$_.customer.example: a\n" } 1 .. $count);

    return (helper('records', '-d', $file, '-f', $format, '--delegate',
                   'p.example'))[1];
}


# The records that the configuration has, by the helper itself.

sub configured {
    my (undef, $json) = helper('records', '-d', $yaml, '-f', 'json', @_);
    return map { [@$_{qw(name type value)}] }
           map { @{ $_->{records} } } @{ decode_json($json) };
}


# Does the server have the records, and each in strings of 255 bytes at most?

sub has {
    my ($dns, $what, @records) = @_;
    my (%want, %got);

    push @{ $want{"$_->[0] $_->[1]"} }, $_->[2] for @records;

    for my $key (keys %want) {
        my @lines = $dns->dig(split / /, $key);

        for my $line (@lines) {
            my @strings = $line =~ /"([^"]*)"/g;
            $line = join '', @strings if @strings;
            $line = 'string too long' if grep { length > 255 } @strings;
            $line =~ s/\.\z//;
        }

        $got{$key} = [sort @lines];
        $want{$key} = [sort @{ $want{$key} }];
    }

    is_deeply(\%got, \%want, $what) or diag($dns->log);
}


# Runs commands as an administrator would; the helper reads our configuration.

sub shell {
    my ($commands, %replace) = @_;
    my $helper = "$ENV{PWD}/$MtaSts::BUILD/mta-sts";

    $helper = "$MtaSts::BUILD/mta-sts" if $MtaSts::BUILD =~ m{^/};

    is($commands =~ s/\bmta-sts records\b/$helper records -d $yaml/g, 1,
       'the command prints records');

    for my $word (sort keys %replace) {
        ok($commands =~ s/\Q$word\E/$replace{$word}/g,
           "the command has $word") or diag($commands);
    }

    return run('', 'sh', '-c', "cd $dir && { $commands }");
}


my @zones = qw(a.example b.example c.example);
my @options = map { ('--zone', $_) } @zones;


# zone

configure('mx.a.example');
mkdir "$dir/zones";

for my $kind (qw(named nsd knot)) {
    my ($status, $out, $err) = shell(snippet($document, 'zone', 0),
        '/var/lib/bind/mta-sts' => "$dir/zones @options --policy-host 192.0.2.1 "
                              . '--policy-host 2001:db8::1');
    is("$status $out$err", '0 ', "$kind: the document's command");

    my %text = map {
        my $include = snippet($document, 'zone', 1)
                      =~ s{/var/lib/bind/mta-sts}{$dir/zones}r
                                        =~ s/example\.com/$_/r;
        ($_ => $include)
    } @zones;

    for my $zone (@zones) {
        spew("$dir/$zone", zone_text($zone, $text{$zone}));
        my ($rc, $said) = run('', 'named-checkzone', $zone, "$dir/$zone");
        is($rc, 0, "named-checkzone: $zone") or diag($said);
    }

    my $dns = MtaSts::Dns->$kind(zones => \%text);
    has($dns, "$kind has the records", configured('--policy-host', '192.0.2.1',
        '--policy-host', '2001:db8::1'));
}

is(scalar(() = glob "$dir/zones/.*[a-z]*"), 0, 'no temporary file is left');

{
    # Knot counts the serial by itself, as the document says; its control socket has
    # a short path

    my @settings = section($document, 'zone') =~
        /`(zonefile-load: \S+)` and\s+`(\S+: \S+)`/;
    is(@settings, 2, "the document's settings for Knot");
    my $dns = MtaSts::Dns->knot(zone => join('', map { "    $_\n" } @settings),
                                zones => { 'a.example' => 'x TXT "1"' });
    my ($before) = $dns->dig('a.example', 'SOA');
    spew($dns->zone_file('a.example'), zone_text('a.example', 'x TXT "2"'));
    run('', 'knotc', '-s', $dns->dir . '/knot.sock', '-b', 'zone-reload',
        'a.example');
    is_deeply([$dns->dig('x.a.example', 'TXT')], ['"2"'], '... knotc reloads');
    isnt(($dns->dig('a.example', 'SOA'))[0], $before, '... and counts');
}


# nsupdate

for my $kind (qw(named knot)) {
    my $dns = MtaSts::Dns->$kind(key => 1, zones => { map { ($_ =>
        "_mta-sts TXT \"v=STSv1; id=1;\"\n_mta-sts TXT \"v=STSv1; id=2;\"\n"
        . "_smtp._tls CNAME else.where.\nmta-sts CNAME else.where.\n"
        . "other TXT stays\n") } @zones });
    my $update = snippet($document, 'nsupdate', 0);
    my @place = ('server ns1.example.com' => 'server 127.0.0.1 ' . $dns->port,
                 '/etc/mta-sts/tsig.key' => $dns->key_file);
    my @more = (@options, '--policy-host', '192.0.2.1', '--policy-host',
                '2001:db8::1');

    for my $mx ('mx1.a.example', 'mx1.a.example', 'mx2.a.example') {
        configure($mx);

        my ($status, $out, $err) = shell($update, @place,
            '-f nsupdate' => "-f nsupdate @more");
        is("$status $out$err", '0 ', "$kind: the document's command, $mx");
        has($dns, '... the server has the records, and no old id',
            configured(@more));
    }

    # an address that is an alias now, and back again

    for my $host ('policies.hoster.example', '192.0.2.2') {
        my @other = (@options, '--policy-host', $host);
        my ($status, $out, $err) = shell($update, @place,
            '-f nsupdate' => "-f nsupdate @other");
        is("$status $out$err", '0 ', "$kind: policy host $host");
        has($dns, '... has taken the place of the others',
            configured(@other));
        is_deeply([$dns->dig('mta-sts.a.example', 'AAAA')],
                  [$host =~ /hoster/ ? "$host." : ()], '... of all types');
    }

    # texts become aliases when the customer delegates

    my @customer = (@options, '--delegate', 'p.example', '--customer');
    my ($status, $out, $err) = shell($update, @place,
        '-f nsupdate' => "-f nsupdate @customer");
    is("$status $out$err", '0 ', "$kind: delegated");
    has($dns, '... texts are aliases now', configured(@customer));

    is_deeply([$dns->dig('other.a.example', 'TXT')], ['"stays"'],
              '... and other records are left alone');

    # a zone that the server does not have is named, and the others go on

    my @bad = ('--zone', 'a.example', '--zone', 'c.example', '--zone', 'example');
    configure('mx3.a.example');
    ($status, $out, $err) = shell($update, @place,
        '-f nsupdate' => "-f nsupdate @bad");
    is($status, 1, "$kind: an update that is refused is an error");
    like($err, qr/^not updated: zone example\.$/m, '... its zone is named');
    is(scalar(() = $err =~ /^not updated/mg), 1, '... and no other');
    has($dns, '... which are updated', configured(@bad, 'a.example',
        'c.example'));
}

{
    # the document's own rights are enough, and no other key's; a configuration that is
    # wrong is an error, and nothing is sent

    my $update = snippet($document, 'nsupdate', 1) =~ s/.*(update-policy.*\};).*\};\s*/$1/sr;
    my $zone = 'example.com';
    my $dns = MtaSts::Dns->named(key => 1, update => $update,
        zones => { $zone => '_mta-sts TXT "v=STSv1; id=1;"' });
    my @place = ('server ns1.example.com' => 'server 127.0.0.1 ' . $dns->port,
                 '/etc/mta-sts/tsig.key' => $dns->key_file);

    spew($yaml, "mx: mx.example.com\ntlsrpt_rua: mailto:a\@example.com\n"
                . "policies: {p: {}}\ndomains: {example.com: p}\n");

    for my $host (qw(192.0.2.1 2001:db8::1 p.hoster.example)) {
        my ($status, $out, $err) = shell(snippet($document, 'nsupdate', 0), @place,
            '-f nsupdate' => "-f nsupdate --policy-host $host");
        is("$status $out$err", '0 ', "named: the document's update-policy, $host");
        has($dns, '... lets records be updated',
            configured('--policy-host', $host));
    }

    spew($yaml, "domains: {example.com: no}\n");
    my ($status) = shell(snippet($document, 'nsupdate', 0), @place);
    isnt($status, 0, '... and a wrong configuration is an error');
}

{
    # more than fits into a message, by an order of magnitude

    my $dns = MtaSts::Dns->named(key => 1, zones => { 'p.example' => '' });
    my $script = many(2000, 'mailto:tls@p.example', 'nsupdate');
    cmp_ok(scalar(() = $script =~ /^send$/mg), '>', 5, 'several updates');

    my ($status, $out, $err) = run('server 127.0.0.1 ' . $dns->port
        . "\n$script", 'nsupdate', '-k', $dns->key_file);
    is("$status $out$err", '0 ', '... are taken');

    my (undef, $all) = $dns->ask('+noall', '+answer', 'p.example', 'AXFR');
    is(scalar(() = $all =~ /\sTXT\s/g), 4000, '... with all their records');
}


# powerdns

{
    my $dns = MtaSts::Dns->pdns(zones => { (map { ($_ =>
        "_mta-sts TXT \"v=STSv1; id=1;\"\n_mta-sts TXT \"v=STSv1; id=2;\"\n"
        . "mta-sts CNAME else.where.\nother TXT stays\n") } @zones),
        'p.example' => '' });
    spew("$dir/pdns.key", 'X-API-Key: ' . $dns->api_key . "\n");

    my $patch = snippet($document, 'powerdns', 0);
    my @place = ('http://127.0.0.1:8081' => $dns->url,
                 '/etc/mta-sts/pdns.key' => "$dir/pdns.key");

    for my $set (['mx1.a.example', '192.0.2.1'],
                 ['mx1.a.example', '192.0.2.1', '2001:db8::1'],
                 ['mx2.a.example', 'policies.hoster.example'],
                 ['mx3.a.example', '2001:db8::1'])
    {
        my ($mx, @hosts) = @$set;
        my @more = (@options, map { ('--policy-host', $_) } @hosts);
        configure($mx);

        my ($status, $out, $err) = shell($patch, @place,
            '-f powerdns' => "-f powerdns @more");
        is("$status $out$err", '0 ', "pdns: the document's command, @$set");
        has($dns, '... the server has the records', configured(@more));
        is_deeply([$dns->dig('mta-sts.a.example', 'A')],
                  [grep { /^192/ } $hosts[0]], '... and no old address')
            if $hosts[0] !~ /hoster/;
    }

    is_deeply([$dns->dig('other.a.example', 'TXT')], ['"stays"'],
              '... and other records are left alone');

    # zones are sorted: the bad one is in the middle

    spew($yaml, slurp($yaml) . "  d.bad: {mx: d.example}\n  e.z.example: "
        . "{mx: e.example}\n");
    my @bad = map { ('--zone', $_) } 'a.example', 'b.example', 'bad', 'c.example',
                                     'z.example';
    $dns->stop;
    $dns = MtaSts::Dns->pdns(zones => { map { ($_ => '') } qw(a.example b.example
        c.example z.example p.example) });
    spew("$dir/pdns.key", 'X-API-Key: ' . $dns->api_key . "\n");
    @place = ('http://127.0.0.1:8081' => $dns->url,
              '/etc/mta-sts/pdns.key' => "$dir/pdns.key");

    my ($status, undef, $err) = shell($patch, @place,
        '-f powerdns' => "-f powerdns @bad");
    is($status, 1, 'pdns: a zone that is not there is an error');
    like($err, qr/^not updated: zone bad\.$/m, '... it is named');
    is(scalar(() = $err =~ /^not updated/mg), 1, '... and no other');
    has($dns, '... which are updated', configured(@bad, 'a.example',
        'b.example', 'c.example', 'e.z.example'));

    ($status) = shell($patch, @place, '-f powerdns' => '-f powerdns none.test');
    isnt($status, 0, '... and so is a domain that is not');

    # a body has less than the server's limit of 2 MB

    my @bodies = split /\n/,
        many(2500, join(', ', split /,/, $long), 'powerdns');
    cmp_ok(scalar @bodies, '>', 1, 'pdns: a large zone has several bodies');

    for my $body (@bodies) {
        cmp_ok(length $body, '<', 2_000_000, '... of less than 2 MB');
        my ($rc, $out, $err) = run($body, 'curl', '-qfsS', '-X', 'PATCH',
            '-H', 'X-API-Key: ' . $dns->api_key, '--data', '@-',
            $dns->url . '/api/v1/servers/localhost/zones/p.example.');
        is("$rc $err", '0 ', '... is taken');
    }

    is(scalar($dns->dig("d$_.customer.example._mta-sts.p.example", 'TXT')), 1,
       "... d$_ is there") for 1, 1250, 2500;
}


# A customer's aliases, the provider's texts and a resolver between them.

{
    configure('mx1.a.example');

    my @side = ('records', '-d', $yaml, '--delegate', 'hoster.example');
    my (undef, $aliases) = helper(@side, '--customer', '--policy-host',
                                  'mta-sts.hoster.example', 'a.example');
    my $customer = MtaSts::Dns->nsd(zones => { 'a.example' => $aliases });
    my $provider = MtaSts::Dns->named(key => 1, zones => {
        'hoster.example' => "mta-sts A 192.0.2.7\n" });
    my $resolver = MtaSts::Dns->unbound(stubs => {
        'a.example' => $customer, 'hoster.example' => $provider },
        conf => 'cache-max-ttl: 0');

    is(scalar(() = $aliases =~ /^\S+ 3600 IN CNAME /mg), 3,
       'the customer has three aliases');

    for my $mx ('mx1.a.example', 'mx2.a.example') {
        configure($mx);
        my (undef, $script) = helper(@side, '-f', 'nsupdate');
        my ($status, $out, $err) = run('server 127.0.0.1 ' . $provider->port
            . "\n$script", 'nsupdate', '-k', $provider->key_file);
        is("$status $out$err", '0 ', "the provider updates alone: $mx");

        for my $record (configured('a.example')) {
            my ($name, $type, $value) = @$record;
            my (undef, $label) = $name =~ /^((_mta-sts|_smtp\._tls)\.a\.ex)/;
            is_deeply([$resolver->dig($name, $type)],
                      ["a.example.$label.hoster.example.", "\"$value\""],
                      "... and a resolver finds $name");
        }
    }

    is_deeply([$resolver->dig('mta-sts.a.example', 'A')],
              ['mta-sts.hoster.example.', '192.0.2.7'],
              '... and the policy host');

    # the provider's texts stand alone, without the customers

    my (undef, $zone) = helper(@side, '--zone', '_mta-sts.hoster.example',
                               '--zone', '_smtp._tls.hoster.example');
    is(scalar(() = $zone =~ /^\S+\._mta-sts\.hoster\.example\. /mg), 4,
       'a record a domain below the provider');
}

done_testing();
