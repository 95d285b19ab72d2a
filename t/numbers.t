#!/usr/bin/perl

# Numbers have 64 bits, also on a machine whose long has 32: what writes them is
# compiled for such a machine and run.

use strict;
use warnings;

use lib 't/lib';
use File::Temp qw(tempdir);
use MtaSts;
use Test::More;

my $dir = tempdir(CLEANUP => 1);

chomp(my $arch = `gcc -print-multiarch`);

plan skip_all => "gcc compiles for no 32-bit machine on $arch"
    unless $arch eq 'x86_64-linux-gnu';

# no library but libc: what needs another one is not reached, and not linked; the
# headers of the others are the same

my @compile = (qw(gcc -m32 -std=c11 -D_GNU_SOURCE -Isrc), "-I$MtaSts::BUILD/web",
               qw(-O1 -Wno-psabi -ffunction-sections -fdata-sections -no-pie),
               '-Wl,--gc-sections', qw(-idirafter /usr/include -idirafter),
               "/usr/include/$arch");

for my $unit (qw(text status_numbers)) {
    my ($status, $out, $err)
        = run('', @compile, '-o', "$dir/$unit", "t/unit/${unit}_test.c",
              glob('src/base/*.c src/page/*.c src/policy/*.c src/serve/*.c'),
              $unit =~ /^status/ ? glob 'src/status/*.c' : ());

    is($status, 0, "$unit: compiled for 32 bits") or diag($err);

    ($status, $out) = run('', "$dir/$unit");

    is($status, 0, '... passes');
    unlike($out, qr/^not ok/m, '... each test');
    like($out, qr/^1\.\.[1-9]/m, '... of some');
}

done_testing();
