#!/usr/bin/perl

# Every format says the same records: whatever options are given, what a reader
# of the format finds in it is what -f json has.  The readers are those of the
# programs that the formats are for, or what these are made of.  What people see
# is held fast by files in t/data/formats.

use strict;
use warnings;

use lib 't/lib';
use File::Temp qw(tempdir);
use JSON::PP;
use MtaSts;
use Test::More;

my $dir = tempdir(CLEANUP => 1);
my $long = join ' ', map { "https://reports.example/$_/" . 'x' x 100 } 1 .. 5;

spew("$dir/mta-sts.yaml", <<"EOY");
max_age: 2w
policies:
  hosted:
    mode: enforce
    mx: [mx1.hoster.example, "*.mx.hoster.example"]
    tlsrpt_rua: mailto:tls\@hoster.example
domains:
  example.com: hosted
  mail.example.com: {mx: mail.example.com}
  a10.example.com: hosted
  a9.example.com: hosted
  a02.example.com: hosted
  a-9.example.com: hosted
  no: hosted
  1e5: hosted
  2.example.net:
    mx: mx.example.net
    tlsrpt_rua: ["https://example.net/a,b;c!d?e=%7B\$x", mailto:x\@example.net]
  b\xc3\xbccher.example:
    mode: none
    mx: mx.example.org
    tlsrpt_rua: [@{[join ', ', split / /, $long]}]
EOY

# sets of options; each goes to every format

my @addresses = map { ('--policy-host', $_) }
    qw(2001:20:30::4:5 192.0.2.1 192.0.2.2 2001:1:2:3:4:5:6:7);
my @zones = map { ('--zone', $_) }
    qw(example.com example.net example no 1e5);

my %sets = (
    plain     => [],
    ttl       => ['--ttl', '5m'],
    zones     => [@zones],
    addresses => [@addresses],
    split     => [@zones, @addresses, '--zone', 'mta-sts.mail.example.com',
                  '--zone', '_smtp._tls.a9.example.com'],
    alias     => [@zones, '--policy-host', 'Policies.hoster.example.'],
    provider  => ['--delegate', 'hoster.example'],
    deep      => ['--delegate', '_mta.hoster.example', '--zone',
                  '_mta-sts._mta.hoster.example', '--zone', 'hoster.example'],
    customer  => ['--delegate', 'hoster.example', '--customer',
                  '--policy-host', 'mta-sts.hoster.example'],
);

# how each format is asked for and read; a reader gives a list of records

my %readers = (
    zone           => [\&read_zone],
    nsupdate       => [\&read_nsupdate],
    powerdns       => [\&read_powerdns],
    octodns        => [\&read_octodns],
    'octodns 1'    => [\&read_octodns, '--escaped-semicolons'],
    dnscontrol     => [\&read_dnscontrol],
    'external-dns' => [\&read_external_dns],
    'external-dns route53' => [\&read_external_dns, '--provider', 'route53'],
    'terraform route53'    => [\&read_route53, '--provider', 'route53'],
    'terraform cloudflare' => [\&read_cloudflare, '--provider', 'cloudflare'],
    text           => [\&read_text],
);


sub parse {
    my ($text, @command) = @_;
    my ($rc, $out, $err) = run($text, @command);
    die "@command: $err" if $rc;
    return decode_json($out);
}


sub absolute {
    my ($name, $zone) = @_;
    return $name eq '' || $name eq '@' ? $zone : "$name.$zone";
}


sub undot { return $_[0] =~ s/\.\z//r }


# A target as a zone has it: with a dot if it is a name.

sub target {
    my ($type, $value) = @_;
    die "no dot: $value" if $type eq 'CNAME' && $value !~ /\.\z/;
    return undot($value);
}


# The data of a record as in a zone file, unquoted.

sub rdata {
    my ($type, $data, $bare) = @_;
    return $bare ? $data : target($type, $data) unless $type eq 'TXT';

    my @strings = $data =~ /\G"((?:[^"\\]|\\.)*)"(?: |\z)/g;
    die "not strings: $data"
        unless $data eq join ' ', map { "\"$_\"" } @strings;
    die "a string of more than 255 bytes" if grep { length > 255 } @strings;
    return join '', @strings;
}


sub read_zone {
    return map {
        my ($name, $ttl, $type, $data) = /^(\S+)\. (\d+) IN (\S+) (.*)$/
            or die "not a line: $_";
        [$name, $type, $ttl, rdata($type, $data)]
    } split /\n/, $_[0];
}


# What an update leaves: each name is cleared before it is filled.

sub read_nsupdate {
    my (%gone, @records, $zone);

    for my $line (split /\n/, $_[0]) {
        if ($line =~ /^zone (\S+)\.$/) {
            $zone = $1;
        } elsif ($line =~ /^update delete (\S+)\. (\S+)$/) {
            die "deleted late: $line" if grep { $_->[0] eq $1 } @records;
            $gone{"$1 $2"} = 1;
        } elsif ($line =~ /^update add (\S+)\. (\d+) IN (\S+) (.*)$/) {
            my ($name, $ttl, $type, $data) = ($1, $2, $3, $4);
            die "not in zone $zone: $line" unless ".$name" =~ /\.\Q$zone\E$/;
            die "not replaced: $line" unless $gone{"$name $type"};
            push @records, [$name, $type, $ttl, rdata($type, $data)];
        } elsif ($line ne 'send') {
            die "not a command: $line";
        }
    }

    die 'not sent' unless $_[0] =~ /\nsend\n\z/;
    return @records;
}


sub read_powerdns {
    my @records;

    for my $body (map { decode_json($_) } split /\n/, $_[0]) {
        for my $set (@{ $body->{rrsets} }) {
            my $name = undot($set->{name});
            die "$name is not in $body->{name}"
                unless ".$set->{name}" =~ /\.\Q$body->{name}\E$/;
            next if $set->{changetype} eq 'DELETE';
            push @records, map {
                [$name, $set->{type}, $set->{ttl},
                 rdata($set->{type}, $_->{content})]
            } @{ $set->{records} };
        }
    }

    return @records;
}


# octoDNS has a file a zone.

sub read_octodns {
    my ($out, $folder, @more) = @_;
    my @records;

    for my $file (glob "$folder/*.yaml") {
        my ($zone) = $file =~ m{([^/]+)\.yaml$};
        my $text = slurp($file);
        my ($names, @others) = @{ parse($text, '/usr/bin/python3',
                                        't/parsers/documents.py', '--natural') };
        die 'more than one document' if @others;

        for my $label (sort keys %$names) {
            my $sets = $names->{$label};
            for my $set (ref $sets eq 'ARRAY' ? @$sets : $sets) {
                push @records, map {
                    my $value = "$_";
                    if (@more) {
                        die "not escaped: $value" if $value =~ /(?<!\\);/;
                        $value =~ s/\\;/;/g;
                    }
                    [absolute($label, $zone), $set->{type}, $set->{ttl},
                     target($set->{type}, $value)]
                } $set->{values} ? @{ $set->{values} } : $set->{value};
            }
        }
    }

    return @records;
}


sub read_dnscontrol {
    my ($out) = @_;
    my @records;

    for my $zone (@{ parse($out, 'node', 't/parsers/dnscontrol.js') }) {
        push @records, map {
            [absolute($_->{name}, $zone->{zone}), $_->{type}, $_->{ttl},
             target($_->{type}, $_->{value})]
        } @{ $zone->{records} };
    }

    return @records;
}


sub read_external_dns {
    my ($out, $folder, @more) = @_;
    my (@records, %names);

    for my $object (@{ parse($out, '/usr/bin/python3', 't/parsers/documents.py') }) {
        my $name = $object->{metadata}{name};
        die "two objects of a name: $name" if $names{$name}++;
        die "not a name: $name" unless $name =~ /^[a-z0-9]([-a-z0-9.]*[a-z0-9])$/;

        for my $set (@{ $object->{spec}{endpoints} }) {
            push @records, map {
                [$set->{dnsName}, $set->{recordType}, $set->{recordTTL},
                 @more ? rdata($set->{recordType}, $_, 1) : "$_"]
            } @{ $set->{targets} };
        }
    }

    return @records;
}


# The resources of a type, and the name of each one's zone.

sub resources {
    my ($out, $type, $data) = @_;
    my $tree = parse($out, 'node', 't/parsers/hcl.js',
                     "$ENV{PWD}/build/npm/node_modules");
    my $zones = $tree->{data}{$data};

    die "not an identifier: $_"
        for grep { !/^[A-Za-z_][\w-]*\z/ }
            keys %$zones, keys %{ $tree->{resource}{$type} };

    return map {
        my ($resource, @others) = @$_;
        die "two resources of a name" if @others;
        my ($id) = $resource->{zone_id} =~ /^\$\{data\.$data\.(\S+)\.zone_id\}$/;
        my ($zone) = map { $_->{name} // $_->{filter}{name} } $zones->{$id}[0];
        die "$resource->{name} is not in $zone"
            unless ".$resource->{name}" =~ /\.\Q$zone\E$/;
        $resource
    } values %{ $tree->{resource}{$type} };
}


sub read_route53 {
    return map {
        my $set = $_;
        map {
            [$set->{name}, $set->{type}, $set->{ttl},
             $set->{type} eq 'TXT' ? rdata('TXT', "\"$_\"" =~ s/""/" "/gr) : $_]
        } @{ $set->{records} }
    } resources($_[0], 'aws_route53_record', 'aws_route53_zone');
}


sub read_cloudflare {
    return map {
        [$_->{name}, $_->{type}, $_->{ttl},
         rdata($_->{type}, $_->{content}, 1)]
    } resources($_[0], 'cloudflare_dns_record', 'cloudflare_zone');
}


sub read_text {
    my ($zone, @records);

    for my $block (split /\n\n/, $_[0]) {
        $zone = $1 if $block =~ s/^(\S+)\n//;
        my ($type, $host, $value, $ttl) = $block =~
            /^ {4}Type   (\S+)\n {4}Host   (\S+)\n {4}Value  (.*)\n {4}TTL    (\d+)\n?$/
            or die "not a block: $block";
        push @records, [absolute($host, $zone), $type, $ttl, $value];
    }

    return @records;
}


sub lines { return [sort map { join ' ', @$_ } @_] }


# Every set of options in every format

for my $set (sort keys %sets) {
    my @command = ('records', '-d', "$dir/mta-sts.yaml", @{ $sets{$set} });

    my ($rc, $json, $err) = helper(@command, '-f', 'json');
    is("$rc $err", '0 ', "$set: json");

    my @domains = map { $_->{domain} } @{ decode_json($json) };
    my %once = map { ($_ => 1) } @domains;
    is(keys %once, @domains, '... each domain once');

    my @records = map {
        [$_->{name}, $_->{type}, $_->{ttl}, $_->{value}]
    } map { @{ $_->{records} } } @{ decode_json($json) };

    cmp_ok(scalar @records, '>=', 17, '... has records');

    for my $name (sort keys %readers) {
        my ($read, @more) = @{ $readers{$name} };
        my ($format) = split / /, $name;
        my $folder = tempdir(CLEANUP => 1);
        my @output = $format eq 'octodns' ? ('-o', $folder) : ();
        my $out;

        ($rc, $out, $err) = helper(@command, '-f', $format, @more, @output);
        is("$rc $err", '0 ', "$set: $name");

        my @got = eval { $read->($out, $folder, @more) };
        is($@, '', '... is what its reader reads');
        is_deeply(lines(@got), lines(@records), '... and the same records');

        # what goes to files is what goes to standard output

        next if @output || $set ne 'split';

        ($rc, undef, $err) = helper(@command, '-f', $format, @more, '-o',
                                    $folder);
        is("$rc $err", '0 ', '... to files');
        @got = map { $read->(slurp($_), $folder, @more) } glob "$folder/*";
        is_deeply(lines(@got), lines(@records), '... has the same records');
    }
}


# More domains in a zone than a call of DNSControl's takes

spew("$dir/many.yaml", "policies: {p: {mx: mx.example.com}}\ndomains:\n"
    . join '', map { "  d$_.example.com: p\n" } 1 .. 2500);
my (undef, $many) = helper('records', '-d', "$dir/many.yaml", '-f',
                           'dnscontrol', '--zone', 'example.com');
is(scalar read_dnscontrol($many), 2500, 'dnscontrol: many records of a zone');
cmp_ok(scalar(() = $many =~ /^D_EXTEND/mg), '>', 1, '... are several calls');


# What the records are, in one case of each kind

my ($rc, $json) = helper('records', '-d', "$dir/mta-sts.yaml", '-f', 'json',
                         '--policy-host', '192.0.2.1', 'example.com');
is_deeply(decode_json($json), [{
    domain => 'example.com', policy_host => 'mta-sts.example.com',
    mode => 'enforce', id => '2cd44f4674da6ca3e70a', max_age => 1209600,
    mx => ['mx1.hoster.example', '*.mx.hoster.example'],
    records => [
        { name => '_mta-sts.example.com', type => 'TXT', ttl => 3600,
          value => 'v=STSv1; id=2cd44f4674da6ca3e70a;' },
        { name => '_smtp._tls.example.com', type => 'TXT', ttl => 3600,
          value => 'v=TLSRPTv1; rua=mailto:tls@hoster.example' },
        { name => 'mta-sts.example.com', type => 'A', ttl => 3600,
          value => '192.0.2.1' },
    ],
}], 'json: all of a domain');


# The files of t/data/formats

my @golden = (
    ['text', 'text', @zones, '--policy-host', '192.0.2.1'],
    ['nsupdate', 'nsupdate', @zones, '--policy-host', 'p.hoster.example'],
    ['octodns', 'octodns', '--zone', 'example.com', @addresses],
    ['octodns-1', 'octodns', '--zone', 'example.com', '--escaped-semicolons'],
    ['dnscontrol', 'dnscontrol', @zones, '--policy-host', 'p.hoster.example'],
    ['external-dns', 'external-dns', @addresses],
    ['route53', 'terraform', '--provider', 'route53', @zones, @addresses],
    ['cloudflare', 'terraform', '--provider', 'cloudflare', @zones,
     @addresses],
    ['powerdns', 'powerdns', @zones, '--policy-host', '192.0.2.1'],
);

for my $golden (@golden) {
    my ($file, $format, @more) = @$golden;
    my @domains = $format eq 'octodns'
        ? qw(example.com mail.example.com a9.example.com a10.example.com
             a02.example.com a-9.example.com)
        : ('example.com', 'mail.example.com', "b\xc3\xbccher.example",
           '2.example.net');
    my ($status, $out) = helper('records', '-d', "$dir/mta-sts.yaml", '-f',
                                $format, @more, @domains);
    spew("t/data/formats/$file", $out) if $ENV{MTA_STS_TEST_WRITE};
    is($out, slurp("t/data/formats/$file"), "$file: as in t/data/formats");

    my (undef, $again) = helper('records', '-d', "$dir/mta-sts.yaml", '-f',
                                $format, @more, reverse @domains);
    is($again, $out, '... whatever the order of the arguments');
}

done_testing();
