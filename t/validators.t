#!/usr/bin/perl

# What real senders make of the bytes that nginx serves: the policy parsers of
# mailauth (npm) and of Debian's postfix-mta-sts-resolver, and the resolver's
# own reading of our TXT record.

use strict;
use warnings;

use lib 't/lib';
use JSON::PP;
use MtaSts;
use Test::More;

# domain, directives, mode, max_age, mx patterns as a sender must see them

my @many = map { "mx$_.mail.example.com" } 1 .. 60;

my @cases = (
    ['plain.example', 'mta_sts_mode enforce; mta_sts_mx mail.plain.example; '
     . 'mta_sts_max_age 1209600;', 'enforce', 1209600, 'mail.plain.example'],
    ['wild.example', 'mta_sts_mx *.mx.wild.example Backup.Wild.Example.;',
     'testing', 604800, '*.mx.wild.example', 'backup.wild.example'],
    ['xn--bcher-kva.example', "mta_sts_mode enforce; mta_sts_mx "
     . "mx.b\xc3\xbccher.example *.B\xc3\x9cCHER.example;", 'enforce', 604800,
     'mx.xn--bcher-kva.example', '*.xn--bcher-kva.example'],
    ['none.example', 'mta_sts_mode none; mta_sts_mx mail.none.example; '
     . 'mta_sts_max_age 86400;', 'none', 86400, 'mail.none.example'],
    ['bare.example', 'mta_sts_mode none; mta_sts_max_age 1d;', 'none', 86400],
    ['many.example', "mta_sts_mode enforce; mta_sts_mx @many; "
     . 'mta_sts_max_age 31557600;', 'enforce', 31557600, @many],
);

my $nginx = MtaSts->new(join "\n", map {
    "server { listen 127.0.0.1:%%PORT0%%; server_name mta-sts.$_->[0]; $_->[1] }"
} @cases);

$nginx->start;

my %records = map { /^_mta-sts\.(\S+)\. \d+ IN TXT "(.*)"$/ ? ($1, $2) : () }
              split /\n/, (helper('records', '-c',
                                  $nginx->dir . '/nginx.conf'))[1];

my $mailauth = <<'EOC';
const { parsePolicy, validateMx } = require(process.argv[1]);
const fs = require('fs');
const policy = parsePolicy(fs.readFileSync(0));
policy.covers = process.argv.slice(2).map(mx => validateMx(mx, policy).valid);
console.log(JSON.stringify(policy));
EOC

my $resolver = <<'EOC';
import json, sys
from postfix_mta_sts_resolver.utils import \
    parse_mta_sts_policy, parse_mta_sts_record
policy = parse_mta_sts_policy(sys.stdin.buffer.read().decode('ascii'))
print(json.dumps({'policy': policy,
                  'record': parse_mta_sts_record(sys.argv[1])}))
EOC

for my $case (@cases) {
    my ($domain, undef, $mode, $age, @mx) = @$case;
    my (undef, $body) = split_response($nginx->get(0, "mta-sts.$domain"));
    my @hosts = map { s/^\*/host/r } @mx;

    my ($status, $out, $err) = run($body, 'node', '-e', $mailauth,
        "$ENV{PWD}/build/npm/node_modules/mailauth/lib/mta-sts.js", @hosts,
        'mail.elsewhere.example');
    is($status, 0, "$domain: mailauth reads the policy") or diag($err);

    my $got = $status ? {} : decode_json($out);
    is($got->{version}, 'STSv1', '... its version');
    is($got->{mode}, $mode, '... its mode');
    is($got->{maxAge}, $age, '... its max_age');
    is_deeply($got->{mx} // [], \@mx, '... its mx');
    is_deeply([map { $_ ? 1 : 0 } @{ $got->{covers} // [] }],
              [(1) x @hosts, $mode eq 'none' ? 1 : 0],
              '... and matches each mail server, and no other');

    # Debian's own python, whatever else the path has

    ($status, $out, $err) = run($body, '/usr/bin/python3', '-c', $resolver,
                                $records{$domain});
    is($status, 0, "$domain: postfix-mta-sts-resolver reads it") or diag($err);

    $got = $status ? {} : decode_json($out);
    is($got->{policy}{version}, 'STSv1', '... its version');
    is($got->{policy}{mode}, $mode, '... its mode');
    is($got->{policy}{max_age}, $age, '... its max_age');
    is_deeply($got->{policy}{mx}, \@mx, '... its mx');
    is($got->{record}{v}, 'STSv1', '... the record');
    like($got->{record}{id}, qr/^[0-9a-f]{20}$/, '... and its id');
}

$nginx->stop;

done_testing();
