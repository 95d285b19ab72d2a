#!/usr/bin/perl

# What hostile input costs: what GMime and jansson would make of it is measured before.

use strict;
use warnings;

use lib 't/lib';
use JSON::PP;
use MIME::Base64 qw(encode_base64);
use MtaSts;
use MtaSts::Reports qw(:all);
use Test::More;

my $dir = reports_dir();
my $plain = $ENV{MTA_STS_PLAIN} // $ENV{MTA_STS_BUILD} // 'build';
my $multipart = "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n";


# A sanitizer would take memory as well.

sub cost {
    my ($mail) = @_;
    my $state = state_dir();
    spew("$dir/mail", $mail);
    my ($rc, $out, $err) = run('', 'timeout', 60, 'time', '-f', '%M KB',
        "$plain/mta-sts", 'reports', 'add', '-d', "$dir/domains.yaml",
        '--state', $state, "$dir/mail");
    return ($err, $err =~ /(\d+) KB/ ? $1 / 1000 : 1e9, $out);
}

for my $case (
    ['parts', "$multipart\n" . "--b\n\n" x 200_000,
     'more than 1000 lines that begin with "--"'],
    ['fields', "a:\n" x 400_000, 'more than 1 MiB that are not base64'],
    ['addresses', 'To: ' . 'a,' x 200_000 . "\n\n",
     'a field with more than 1000 commas'],
    ['addresses, folded', "To: a,\n" . " a,\n" x 200_000 . "\n",
     'a field with more than 1000 commas'],
    ['addresses, of a mail within', "$multipart\n--b\nContent-Type: "
     . "message/rfc822\n\nCC: " . "a,\r\n\t" x 200_000 . "\n--b--\n",
     'a field with more than 1000 commas'],
) {
    my ($name, $mail, $text) = @$case;
    my ($err, $mb) = cost($mail);
    like($err, qr/^mta-sts: "\Q$dir\E\/mail": the mail has \Q$text\E$/m,
         "$name: refused");
    cmp_ok($mb, '<', 60, '... before they take memory');
}

my ($err, $mb) = cost("a:\n" x 340_000);
cmp_ok($mb, '<', 250, 'as many fields as may be');


# A small JSON may be a tree that takes very much more memory

my $range = '"date-range":{"start-datetime":"2025-01-01","end-datetime":"2025-01-01"}';

sub words {
    my ($form, $n) = @_;
    return join ',', map { sprintf $form, $_, rand 2 ** 31 } 1 .. $n;
}

sub mailed {
    my ($text, @more) = @_;
    return join "\n", $multipart, map({ ("--b\nContent-Type: $_->[0]",
        "Content-Transfer-Encoding: base64\n", encode_base64($_->[1])) }
        ['application/tlsrpt+json', $text], @more), "--b--\n";
}

for my $case (
    ['objects', 240_000, 59_000, sub { '[' . words('{"%d":"%x"}', @_) . ']' }],
    ['members', 400_000, 128_000, sub { '{' . words('"%d":%d', @_) . '}' }],
    ['lists', 400_000, 128_000, sub { '[' . words('[%2$d]', @_) . ']' }],
    ['bytes of a text', 16_000_000, 11_100_000, sub { '"' . ('0123456789abcdef' x ($_[0] / 16)) . '"' }],
) {
    my ($what, $many, $most, $make) = @$case;
    my ($text, $too_many) = map { "{$range,\"policies\":[{}],\"x\":" . $make->($_) . '}' }
                            $most, $many;
    my ($err, $mb) = cost($too_many);
    like($err, qr/: the JSON would take more than 32 MiB of memory$/m, "$many $what: refused");
    cmp_ok($mb, '<', 60, '... before they take memory');

    ($err, $mb) = cost($text);
    unlike($err, qr/^mta-sts: /m, "$most $what: read");
    cmp_ok($mb, '<', 80, "... in less than 80 MB");
    ($err, $mb) = cost(mailed($text, ['text/plain', 'x' x (16_000_000 - length $text)]));
    unlike($err, qr/^mta-sts: /m, '... as a mail');
    cmp_ok($mb, '<', 120, "... in less than 120 MB");
}


# A number is text, too; so is what is outside of quotes.  As packed, in a mail of 24 MiB,
# and after reports that have as many failures as may be

open my $random, '<:raw', '/dev/urandom' or die $!;
read $random, my $bytes, 8_000_000;
my $digits = unpack('H*', $bytes) =~ tr/a-f/0-5/r;
my $large = zipped('{"policies":[' . '{},' x 119_000 . substr($digits, 0, 15_600_000) . ']}');
my $text = zipped('{"policies":["' . substr($digits, 0, 11_000_000) . '"]}' . ' ' x 5_000_000);

sub padded {
    my ($packed) = @_;
    my $room = 24 * 2 ** 20 - 2000 - length encode_base64($packed);
    return join "\n", $multipart, '--b', 'Content-Type: application/tlsrpt+gzip',
        "Content-Transfer-Encoding: base64\n", encode_base64($packed) . '--b',
        'Content-Type: text/plain', "Content-Transfer-Encoding: base64\n",
        encode_base64('x' x int($room * 0.735)) . "--b--\n";
}

sub rich {
    my ($id) = @_;
    my %policy = (policy => { 'policy-type' => 'sts', 'policy-domain' => 'example.com' },
                  summary => { 'total-failure-session-count' => 5 });
    my $details = sub { [map { { 'result-type' => 'r' x 255, 'receiving-mx-hostname' => 'a' x 250,
                                 'failure-reason-code' => sprintf '%0255d', $_[0] * 1000 + $_ } }
                         1 .. 100] };
    return "From x\n" . mail(encode_json({ 'report-id' => $id, %{ decode_json(report()) }{'date-range'},
        policies => [map { { %policy, 'failure-details' => $details->($_) } } 1 .. 90] })) . "\n";
}

($err, $mb) = cost($large);
like($err, qr/: the JSON would take more than 32 MiB of memory$/m, 'a number of 16 MB: refused');
cmp_ok($mb, '<', 60, '... before it takes memory');
($err, $mb) = cost(padded($large));
like($err, qr/: the JSON would take more than 32 MiB of memory$/m, '... in a mail of 24 MiB');
cmp_ok($mb, '<', 120, '... in less than 120 MB');

my $rich = join '', map { rich("rich$_") } 1 .. 2;
for my $case (['a number', $large], ['a text', $text]) {
    my ($what, $packed) = @$case;
    ($err, $mb, my $out) = cost("${rich}From x\n" . padded($packed));
    like($out, qr/^2 new, .* 1 bad$/, "two reports of 9000 failures, then such a mail with $what");
    cmp_ok($mb, '<', 140, '... in less than 140 MB');
}


# What a real mail may have

my $state = state_dir();
my (undef, $out) = add($state, \(join '', $multipart, 'To: ',
    join(",\n ", map { "a$_\@example.com" } 1 .. 500), "\n\n--b\n\n",
    "-- \ntext, of words,\n" x 400, "--b\n", mail(report(domains => [
    map { ('example.com', 'example.org') } 1 .. 2000])), "--b--\n"));
like($out, qr/^1 new/, 'a mail with addresses, text and a large report');


done_testing;
