#!/usr/bin/perl

# What hostile mails cost: what GMime would make of them is measured before.

use strict;
use warnings;

use lib 't/lib';
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
    return ($err, $err =~ /(\d+) KB/ ? $1 / 1000 : 1e9);
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


# What a real mail may have

my $state = state_dir();
my (undef, $out) = add($state, \(join '', $multipart, 'To: ',
    join(",\n ", map { "a$_\@example.com" } 1 .. 500), "\n\n--b\n\n",
    "-- \ntext, of words,\n" x 400, "--b\n", mail(report(domains => [
    map { ('example.com', 'example.org') } 1 .. 2000])), "--b--\n"));
like($out, qr/^1 new/, 'a mail with addresses, text and a large report');


done_testing;
