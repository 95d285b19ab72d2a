#!/usr/bin/perl

# What --changed compares with: the records that the name servers of a zone have
# now, all of them, and not what a cache has of them.

use strict;
use warnings;

use lib 't/lib';
use MtaSts;
use MtaSts::Dns;
use MtaSts::World;
use Test::More;

enter_world;

my $world = MtaSts::World->new;
my $dir = $world->dir;
my $yaml = "$dir/mta-sts.yaml";
my $helper = ($MtaSts::BUILD =~ m{^/} ? '' : "$ENV{PWD}/")
           . "$MtaSts::BUILD/mta-sts";


# A zone on the name servers of these numbers.

sub zone {
    my ($text, @ns) = @_;
    return "\$TTL 300\n@ SOA ns1.ns.example. hostmaster 1 3600 600 86400 60\n"
        . join('', map { "@ NS ns$_.ns.example.\n" } @ns) . "$text\n";
}


sub policy { my ($n) = @_; return "domains:\n  a.example: {mx: mx$n.a.example}\n" }


# The helper, whose resolver is unbound.

spew("$dir/resolv.conf", "nameserver 192.0.2.10\n");

sub records {
    return run('', 'unshare', '-m', 'sh', '-c', "mount --bind $dir/resolv.conf "
        . '/etc/resolv.conf && exec "$@"', 'sh', $helper, 'records', '-d',
        $yaml, @_);
}


# The id of the n-th policy, and the record with it.

sub id {
    spew("$dir/id.yaml", policy(@_));
    my (undef, $text) = helper('policy', '-d', "$dir/id.yaml", 'a.example');
    my ($status, $out) = helper('records', '-d', "$dir/id.yaml", '-f', 'json');
    return $out =~ /"id": "(\w+)"/ ? $1 : die $out;
}


sub txt { return '_mta-sts TXT "v=STSv1; id=' . id(@_) . ';"' }

my $example = zone(join("\n", map { "ns$_.ns A 192.0.2.1$_" } 1 .. 4)
    . "\n" . join("\n", map { my ($zone, @ns) = @$_;
        map { "$zone NS ns$_.ns" } @ns } ['a', 1, 2, 3], ['c', 1], ['h', 2],
        ['d', 4], ['e', 1, 4]), 1);

my %a = ('a.example' => zone(txt(1), 1, 2, 3));

# three kinds of servers for one zone

my $ns1 = MtaSts::Dns->named(address => '192.0.2.11', key => 1, zones => { %a,
    example => $example,
    'c.example' => zone('_mta-sts CNAME c.example._mta-sts.h.example.', 1),
    'e.example' => zone('', 1, 4) });
my $ns2 = MtaSts::Dns->pdns(address => '192.0.2.12', zones => { %a,
    'h.example' => zone('c.example._mta-sts TXT "v=STSv1; id=1;"', 2) });
my $ns3 = MtaSts::Dns->nsd(address => '192.0.2.13', zones => { %a });
my $unbound = MtaSts::Dns->unbound(address => '192.0.2.10',
                                   stubs => { example => $ns1 });


# Changes the policy's record of a.example on name servers.

sub publish {
    my ($n, @servers) = @_;
    my $record = '_mta-sts.a.example. 300 TXT "v=STSv1; id=' . id($n) . ';"';

    for my $server (@servers) {
        if ($server == $ns1) {
            my ($s, $o, $e) = run("server 192.0.2.11\nupdate delete "
                . "_mta-sts.a.example. TXT\nupdate add $record\nsend\n",
                'nsupdate', '-k', $ns1->key_file);
            is($s, 0, "nsupdate: policy $n") or diag("$o$e");

        } elsif ($server == $ns2) {
            my ($s, $o, $e) = run('', 'pdnsutil', '--config-dir', $ns2->dir,
                'replace-rrset', 'a.example', '_mta-sts', 'TXT', 300,
                '"v=STSv1; id=' . id($n) . ';"');
            is($s, 0, "pdnsutil: policy $n") or diag("$o$e");

        } else {
            $ns3->stop;
            $ns3 = MtaSts::Dns->nsd(address => '192.0.2.13',
                zones => { 'a.example' => zone(txt($n), 1, 2, 3) });
        }
    }
}


# Nothing changed

spew($yaml, policy(1));
my ($status, $out, $err) = records('--changed');
is("$status $out$err", '0 ', 'all name servers have the record');


# P1: back to an id that the resolver still has in its cache

is(($unbound->dig('_mta-sts.a.example', 'TXT'))[0],
   '"v=STSv1; id=' . id(1) . ';"', 'the first id is in the cache');

publish(2, $ns1, $ns2, $ns3);

is(($unbound->dig('_mta-sts.a.example', 'TXT'))[0],
   '"v=STSv1; id=' . id(1) . ';"', '... and stays there');

($status, $out, $err) = records('--changed');
is("$status $err", '0 ', 'back to the first policy');
is($out, '_mta-sts.a.example. 3600 IN TXT "v=STSv1; id=' . id(1) . ";\"\n",
   '... is a change');

($status, $out, $err) = records('--changed', '-f', 'text');
like($out, qr/^    Old    v=STSv1; id=@{[id(2)]};$/m, '... of the live record');

spew($yaml, policy(2));
($status, $out, $err) = records('--changed');
is("$status $out$err", '0 ', '... and the second policy is none');


# Servers that disagree

publish(1, $ns2);
($status, $out, $err) = records('--changed');
is($status, 0, 'one of three name servers is late');
like($out, qr/^_mta-sts\.a\.example\. /, '... which is a change');
like($err, qr/^mta-sts:\ _mta-sts\.a\.example:\ name\ servers\ ns\d\.ns\.example
              \ and\ ns\d\.ns\.example\ have\ different\ records\n\z/x,
     '... is named');

publish(2, $ns2);


# One that does not answer is named once, and the others count

spew($yaml, policy(2) . "  b.a.example: {mx: mx2.a.example}\n");
$ns3->stop;
($status, $out, $err) = records('--changed', '--timeout', '6');
is($status, 0, 'a dead name server');
like($out, qr/\A_mta-sts\.b\.a\.example\. .*\n\z/, '... leaves the others');
like($err, qr/\Amta-sts: name server ns3\.ns\.example does not answer: .*\n\z/,
     '... and is named once');

spew($yaml, "domains:\n  d.example: {mx: mx.d.example}\n"
          . "  e.example: {mx: mx.e.example}\n");
($status, $out, $err) = records('--changed', '--timeout', '10');
is($status, 0, 'no name server of a zone answers');
is(scalar(() = $out =~ /^_mta-sts/mg), 2, '... what is unknown is printed');
like($err, qr/^mta-sts: the lookup of _mta-sts\.d\.example fails: /m,
     '... and said');


# An alias leads to the name servers of another zone

spew($yaml, "domains:\n  c.example: {mx: mx1.a.example}\n");
($status, $out, $err) = records('--changed', '--delegate', 'h.example');
like($out, qr/^c\.example\._mta-sts\.h\.example\. /, 'a delegated policy changed');
($status, $out, $err) = records('--changed', '--delegate', 'h.example',
                                '--customer');
is("$status $out$err", '0 ', '... its alias did not');
($status, $out, $err) = records('--changed');
like($out, qr/^_mta-sts\.c\.example\. /, '... and what the alias leads to did');

run('', 'pdnsutil', '--config-dir', $ns2->dir, 'replace-rrset', 'h.example',
    'c.example._mta-sts', 'TXT', 60, '"v=STSv1; id=' . id(1) . ';"');

for my $options ([], ['--delegate', 'h.example']) {
    ($status, $out, $err) = records('--changed', @$options);
    is("$status $out$err", '0 ', "published: @$options");
}


# --resolver asks one server, such as a hidden primary

spew($yaml, policy(3));
publish(3, $ns2);
($status, $out, $err) = records('--changed', '--resolver', '192.0.2.12');
is("$status $out$err", '0 ', 'one server has the record');
($status, $out, $err) = records('--changed', '--resolver', '192.0.2.11');
like($out, qr/^_mta-sts\.a\.example\. /, '... and another one has not');


# The zones that the DNS has

spew($yaml, "policies: {p: {mx: mx.a.example}}\ndomains: {a.example: p, "
    . "x.y.a.example: p, c.example: p, mail.other.nowhere: p}\n");
($status, $out, $err) = records('--zones-from', 'dns', '-f', 'text', '--only',
                                'policy');
is($status, 1, 'zones from the DNS, but not for all domains');
is(join(' ', grep { defined } $out =~ /^([a-z]\S*)$|Host   (\S+)/mg),
   'a.example _mta-sts _mta-sts.x.y c.example _mta-sts',
   '... the zone cuts are found');
like($err, qr/"_mta-sts\.mail\.other\.nowhere" is in none of the zones/,
     '... and a domain without one is named');

# Many domains on one pair of name servers, in less than a minute

my $many = $ENV{MTA_STS_TEST_SLOW} ? 10_000 : 1_000;
my $id = id(1);
my $text = zone(join("\n", map { "_mta-sts.d$_ TXT \"v=STSv1; id=$id;\"" }
                     1 .. $many), 1, 3);

$ns1->stop;
$ns3->stop;
$ns1 = MtaSts::Dns->named(address => '192.0.2.11', zones => {
    example => $example . "big NS ns1.ns\nbig NS ns3.ns\n",
    'big.example' => $text });
$ns3 = MtaSts::Dns->nsd(address => '192.0.2.13', conf => 'rrl-ratelimit: 0',
    zones => { 'big.example' => $text =~ s/(_mta-sts\.d7 .*id=)\w/${1}0/r });

spew($yaml, "policies: {p: {mx: mx1.a.example}}\ndomains:\n"
    . join '', map { "  d$_.big.example: p\n" } 1 .. $many);

my $start = time;
($status, $out, $err) = records('--changed', '--zone', 'big.example');
cmp_ok(time - $start, '<', 60, "$many domains take less than a minute");
is($status, 0, '... are looked up');
is(join(' ', $out =~ /^(\S+) /mg), '_mta-sts.d7.big.example.',
   '... and the one that differs on one of two servers is found');

done_testing();
