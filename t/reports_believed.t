#!/usr/bin/perl

# Who is believed: no POST, no From_ line within a mail and no forged field makes a
# report verified.

use strict;
use warnings;

use lib 't/lib';
use MtaSts;
use MtaSts::Reports qw(:all);
use Test::More;

my $dir = reports_dir();
my @trust = ('--trust-authserv', 'mx.example.com');


# A POST

mkdir "$dir/spool";

my $name = '1700000000.000-1-0-ab_192.0.2.1.gz';

for my $begin ('', "From x\@y\n") {
    for my $args (["$dir/spool/$name"], ["$dir/spool"]) {
        my $state = state_dir();
        spew("$dir/spool/$name", $begin . mail(report()));

        my ($rc, undef, $err) = add($state, @trust, @$args);
        is("$rc$err", qq{1mta-sts: "$dir/spool/$name": neither JSON nor gzip\n},
           'a mail that was posted is not read');
    }
}


# A mail that a mail server hands over

my $forged = "From x\@y Thu Jan  1 00:00:00 2026\n" . mail(report());
my $mail = "Authentication-Results: mx.example.com; dkim=none\n"
           . "From: x\@y.example\n\nhello\n\n$forged";

for my $in ($mail, "From z\@y Thu Jan  1 00:00:00 2026\n$mail") {
    my $state = state_dir();
    my ($rc, undef, $err) = add($state, \$in, @trust, '--pipe');
    is($rc, 0, 'a mail with another one in its text');
    like($err, qr/: neither JSON nor gzip nor a mail with a TLS report$/m,
         '... is one mail');
}

my $state = state_dir();
add($state, \"From z\@y Thu Jan  1 00:00:00 2026\n${\ mail(report())}", @trust,
    '--pipe');
is(sessions(summary($state), 'example.com'), 'sts verified 1/0 of 1',
   'a From_ line is not of the mail');


# Fields

for my $field ('Authentication-Results: mx.exam(x)ple.com',
               'Authentication-Results: mx.example.(x)com',
               'Authentication-Results : mx.example.com')
{
    $state = state_dir();
    add($state, \(mail(report()) =~ s/^.*?;/$field;/r), @trust);
    is(sessions(summary($state), 'example.com'), 'sts 1/0 of 1', $field);
}

$state = state_dir();
add($state, \mail(report(), auth => '(a) mx.example.com (b) 1; dkim=pass (c) '
    . 'header.d=a.example'), @trust);
is(sessions(summary($state), 'example.com'), 'sts verified 1/0 of 1',
   'comments around a name');

for my $id ('', 'mx example.com', 'mx;') {
    my ($rc, undef, $err) = add($state, \'', '--trust-authserv', $id);
    is("$rc$err", qq{2mta-sts: invalid "--trust-authserv $id", must be the name }
       . "at the beginning of your server's Authentication-Results\n",
       "\"$id\" is no name");
}


done_testing;
