#!/usr/bin/perl

# mta-sts import --repair: a text is repaired where it has one reading, and is
# refused where a typing error may have made it, with what cannot be repaired.

use strict;
use warnings;

use lib 't/lib';
use File::Path qw(make_path);
use File::Temp qw(tempdir);
use MtaSts;
use Test::More;

my $dir = tempdir(CLEANUP => 1);


# Imports a folder with a policy per value of mx; returns what was imported.

sub repaired {
    my ($name, @mx) = @_;
    my $n = 0;
    make_path("$dir/$name");

    for my $mx (@mx) {
        spew("$dir/$name/d" . ++$n . '.example.txt', "version: STSv1\n"
             . "mode: enforce\nmx: $mx\nmax_age: 8640$n\n");
    }

    my ($status, $out, $err) = helper('import', '--repair', '--from-conf',
                                      "$dir/$name");
    spew("$dir/$name.yaml", $out);
    $n = 0;

    return map {
        my $domain = 'd' . ++$n . '.example';
        my $body = $out =~ /^  \Q$domain\E:/m
                   ? (helper('policy', '-d', "$dir/$name.yaml", $domain))[1]
                   : '';
        [join(' ', $body =~ /^mx: (.*)\r$/mg),
         $err =~ /: \Q$domain\E: (not imported)/ ? $1 : '']
    } @mx;
}


# Several mx in a line, but not one name that a typing error has cut

my @whole = (
    ['mail.a.org,mail2.a.org', 'mail.a.org mail2.a.org'],
    ['mail.a.co.uk,*.a.co.uk', 'mail.a.co.uk *.a.co.uk'],
    ['mail.a.org, mail.b.org. *.c.co.uk', 'mail.a.org mail.b.org *.c.co.uk'],
    ['mail.a.org mail.b.org', 'mail.a.org mail.b.org'],
    ["mail.a.org ,\tmail.b.org,", 'mail.a.org mail.b.org'],
    ['a.b.org,*.b.net', 'a.b.org *.b.net'],
    ["mx.a.\xd1\x80\xd1\x84,mx2.a.xn--p1ai", 'mx.a.xn--p1ai mx2.a.xn--p1ai'],
    ["mx.a.co.uk\tmx.b.com.au,  c.b.com", 'mx.a.co.uk mx.b.com.au c.b.com'],
    ['aspmx.l.google.com, *.googlemail.com',
     'aspmx.l.google.com *.googlemail.com'],
    ['example.com.', 'example.com'],
);

my @got = repaired('whole', map { $_->[0] } @whole);

is($got[$_][0], $whole[$_][1], "--repair: mx: $whole[$_][0]") for 0 .. $#whole;

my @cut = (
    'mail.example,com', 'mail.example,co.uk', 'mail. example.com',
    'mail.a.org and b.a.org', '*.mail.example,com', 'mail.example, com.',
    'mx1.mail,example.com', 'mx1.exa mple.com', 'mx1.mail.eu,west.example.com',
    '*.com,mail.example.com', '*.com, mail.example.com',
    '*.mail,example.com', '*.co.uk mail.example.co.uk', 'mail.a.org,mail.b.org',
    'mail.exa, mple.com', 'mail.a.test mail.b.test', 'mx.a.org, a.mx1.mail',
    'mx1.eu, b.net', 'mx1.mail.eu,example.com', 'a.b.org,a.b.net',
);

@got = repaired('cut', @cut);

is("@{ $got[$_] }", ' not imported', "--repair: not mx: $cut[$_]") for 0 .. $#cut;


# U-labels, but not those of which IDNA 2003 and 2008 make different names

@got = repaired('u', "mx.b\xc3\xbccher.example",
                map { "mx.$_.example" } "stra\xc3\x9fe", "STRA\xe1\xba\x9eE",
                "\xcf\x84\xce\xad\xce\xbb\xce\xbf\xcf\x82",
                "a\xe0\xa4\x95\xe0\xa5\x8d\xe2\x80\x8db",
                "a\xe0\xa4\x95\xe0\xa5\x8d\xe2\x80\x8cb");

is($got[0][0], 'mx.xn--bcher-kva.example', '--repair of a U-label');
is("@{ $got[$_] }", ' not imported', "... not of one with two A-labels, $_")
    for 1 .. $#got;


# Where something is left that cannot be repaired, that is what is named: also
# with its line

my $valid = "version: STSv1\nmode: enforce\nmx: mx.a.org\nmax_age: 86400\n";
my $cut = $valid =~ s/mx: .*/mx: mail,example.com/r;
my %left = (
    "\xef\xbb\xbf$cut" => 'line 3: mx "mail,example.com" is not',
    $cut =~ s/\n/\n\n/r => 'line 4: mx "mail,example.com" is not',
    $cut =~ s/mx:/mx: mx.a.org.\nmx:/r => 'mx "mail,example.com" is not',
    "\xef\xbb\xbf$valid" =~ s/86400/\e/r => 'line 4: byte 10 is 0x1b',
    "\xef\xbb\xbf$valid" =~ s/mode.*\n//r => 'the policy has no mode',
    "\xef\xbb\xbf${valid}mode: none\n" => 'line 5: mode for the second time',
);

make_path("$dir/left");

for my $text (sort keys %left) {
    spew("$dir/left/left.example.txt", $text);
    my (undef, undef, $err) = helper('import', '--repair', '--from-conf', "$dir/left");
    like($err, qr/: not imported: \Q$left{$text}\E/, "left: $left{$text}");

    (undef, undef, $err) = helper('import', '--from-conf', "$dir/left");
    unlike($err, qr/--repair/, '... and without --repair it is not advised');
}

done_testing();
