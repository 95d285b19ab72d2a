#!/usr/bin/perl

# Whatever valid settings are given, what is rendered is valid by the RFC's
# grammar and says what was set; and directives and options render the same
# bytes.  The judge is a grammar of our own, which first has to agree with the
# verdicts of t/data/policies.json.
#
# MTA_STS_TEST_SEED repeats a run.

use strict;
use warnings;

use lib 't/lib';
use Digest::SHA qw(sha256_hex);
use JSON::PP;
use MtaSts;
use MtaSts::Random;
use Test::More;

use constant POLICIES => 2000;

# RFC 8461, 3.2, with erratum 6253; the first of several equal keys counts

my $label = qr/[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?/;
my $name  = qr/$label(?:\.$label)*/;


sub judge {
    my ($body) = @_;
    my (%first, @mx);

    return 'characters' if $body =~ /[^\t\r\n\x20-\x7e]/;

    $body =~ s/\r?\n\z//;

    for my $line (split /\r?\n/, $body, -1) {
        $line =~ /^([A-Za-z0-9][A-Za-z0-9_.-]{0,31}):[ \t]*(.*?)[ \t]*$/
            or return 'line';

        my ($key, $value) = ($1, $2);

        return 'value' if $value =~ /[\t\r\n;]/ || $value eq '';
        $first{$key} //= $value;
        push @mx, $value if $key eq 'mx';
    }

    return 'version' if ($first{version} // '') ne 'STSv1';
    return 'mode' if ($first{mode} // '') !~ /^(?:enforce|testing|none)$/;
    return 'max_age' if ($first{max_age} // '') !~ /^\d{1,10}$/
        || $first{max_age} > 31_557_600;
    return 'mx' if grep { length > 255 || !/^(?:\*\.)?$name$/ } @mx;
    return 'no mx' if !@mx && $first{mode} ne 'none';

    return ('', $first{mode}, $first{max_age}, @mx);
}


my $policies = decode_json(slurp('t/data/policies.json'));

cmp_ok(scalar @$policies, '>', 30, 'there are verdicts to agree with');

for my $policy (@$policies) {
    my $body = $policy->{body};
    utf8::encode($body);
    my ($fault) = judge($body);
    is($fault eq '' ? 1 : 0, $policy->{valid} ? 1 : 0,
       "the judge on $policy->{name}");
}


my $seed = seed();
begin_case($seed);
note("MTA_STS_TEST_SEED=$seed");


my (@cases, $conf);

for my $i (1 .. POLICIES) {
    my $mode = pick(qw(enforce testing none));
    my ($age, $seconds) = random_age();
    my (@options, @expect, %seen);
    my $lines = "mta_sts_mode $mode; mta_sts_max_age $age; ";

    push @options, '--mode', $mode, '--max-age', $age;

    for (1 .. ($mode eq 'none' ? 0 : 1) + int rand(rand() < 0.05 ? 80 : 5)) {
        my ($in, $out) = random_mx();
        $lines .= pick("mta_sts_mx $in; ", "mta_sts_mx '$in'; ",
                       "mta_sts_mx\n\"$in\"; ");
        push @options, '--mx', $in;
        push @expect, $out unless $seen{$out}++;
    }

    push @cases, { domain => "d$i.example", options => \@options,
                   expect => ['', $mode, $seconds, @expect] };
    $conf .= "server { listen 127.0.0.1:%%PORT0%%; server_name "
        . "mta-sts.d$i.example; $lines }\n";
}

my $nginx = MtaSts->new("server_names_hash_max_size 8192;\n"
                        . "server_names_hash_bucket_size 128;\n$conf");
$nginx->start;

my (undef, $list) = helper('list', '-c', $nginx->dir . '/nginx.conf');
my %ids = map { my @f = split; ($f[0], $f[3]) } split /\n/, $list;
my %wrong;

# what generate prints for a mail domain, up to the records

sub generated {
    my ($case) = @_;
    my ($rc, $out) = helper('generate', $case->{domain},
                            @{ $case->{options} });
    return $out =~ /\n\n(version: .*?\r\n)\n#/s ? $1 : "status $rc: $out";
}

for my $case (@cases) {
    my $host = "mta-sts.$case->{domain}";
    my (undef, $body) = split_response($nginx->get(0, $host));
    my @got = judge($body);

    $wrong{grammar}++ if $got[0] ne '';
    $wrong{meaning}++ if "@got" ne "@{ $case->{expect} }";
    $wrong{options}++ if generated($case) ne $body;
    $wrong{id}++ if ($ids{ $case->{domain} } // '')
        ne substr sha256_hex($body), 0, 20;

    if (%wrong) {
        diag("@{ $case->{options} }\n$body");
        last;
    }
}

is(keys %ids, POLICIES, 'the helper lists all domains');
is($wrong{grammar}, undef, POLICIES . ' policies are valid by the grammar');
is($wrong{meaning}, undef, '... and say what was set');
is($wrong{options}, undef, '... in the same bytes from directives and options');
is($wrong{id}, undef, '... with the id that the helper lists');

$nginx->stop;

done_testing();
