#!/usr/bin/perl

# The page of mta-sts plan in Chromium, with axe.

use strict;
use warnings;

use lib 't/lib';
use File::Temp qw(tempdir);
use MtaSts;
use MtaSts::Browser;
use Test::More;

my $dir = tempdir(CLEANUP => 1);

spew("$dir/d.yaml", "domains:\n  a.example: {mx: mx.a.example}\n"
     . "  b.example: {mode: testing, mx: mx.b.example}\n");

my ($rc, $out, $err) = helper('plan', '-d', "$dir/d.yaml", '--state', $dir, '-f', 'html');

is("$rc $err", '1 ', 'a page');
spew("$dir/plan.html", $out);
browse('plan', url => "file://$dir/plan.html", shot => 'plan',
       titles => 'a.example | b.example');

done_testing();
