package MtaSts::Random;

# What random tests pick from: chances, names, mx patterns and ages as they may
# be written and as they must come out, and texts that are damaged.
#
# MTA_STS_TEST_SEED repeats a run.

use strict;
use warnings;

use Digest::SHA qw(sha256_hex);
use Exporter qw(import);

our @EXPORT = qw(seed begin_case pick chance shuffle random_label random_mx
                 random_age random_rua damaged);


# The seed of this run, which a test prints when it fails.

sub seed { return $ENV{MTA_STS_TEST_SEED} // int rand 1_000_000_000 }


# All that is picked up to the next call follows from this number alone, which
# is the seed plus the case's: with it as the seed a case is the first one.

sub begin_case {
    my ($n) = @_;
    srand hex substr sha256_hex($n), 0, 8;
}


sub pick { return $_[int rand @_] }

sub chance { return rand() < $_[0] }


sub shuffle {
    my @in = @_;
    my @out;

    push @out, splice @in, int rand @in, 1 while @in;

    return @out;
}


# A label as it may be written and as it must come out.

sub random_label {
    return @{ pick(["b\xc3\xbccher", 'xn--bcher-kva'],
                   ["B\xc3\x9cCHER", 'xn--bcher-kva'],
                   ["stra\xc3\x9fe", 'xn--strae-oqa'],
                   ["\xe4\xbe\x8b\xe3\x81\x88", 'xn--r8jz45g']) }
        if rand() < 0.1;

    my @all = ('a' .. 'z', 'A' .. 'Z', 0 .. 9);
    my $length = rand() < 0.05 ? 63 : 1 + int rand 12;
    my $text = join '', map { pick(@all) } 1 .. $length;

    substr($text, int($length / 2), 1) = '-' if $length > 2 && rand() < 0.2;

    return ($text, lc $text);
}


sub random_mx {
    my (@in, @out);

    for (1 .. 1 + int rand 3) {
        my ($in, $out) = random_label();
        push @in, $in;
        push @out, $out;
    }

    # the last label is no number

    push @in, 'Example';
    push @out, 'example';

    my $wild = rand() < 0.3 ? '*.' : '';
    my $dot = rand() < 0.2 ? '.' : '';

    return ($wild . join('.', @in) . $dot, $wild . join('.', @out));
}


sub random_age {
    my %units = (s => 1, m => 60, h => 3600, d => 86_400, w => 604_800,
                 M => 2_592_000, y => 31_536_000);

    return (1) x 2 if rand() < 0.05;
    return (31_557_600) x 2 if rand() < 0.05;
    return (1 + int rand 31_557_600) x 2 if rand() < 0.5;

    my ($text, $total) = ('', 0);

    for my $unit (qw(M w d h m s)) {
        next if rand() < 0.6;
        my $n = 1 + int rand 5;
        $text .= "$n$unit";
        $total += $n * $units{$unit};
    }

    return $text eq '' || $total > 31_557_600 ? ('1y', 31_536_000)
                                              : ($text, $total);
}


sub random_rua {
    my ($label) = random_label();
    $label =~ s/[^ -~]+/x/g;
    return pick("mailto:tls\@$label.example", "https://$label.example/r",
                "MAILTO:$label\@example.com",
                "https://a.example:8443/$label?a=b");
}


# A text with a few bytes changed, none of them in what $keep matches.

my @bytes = ("\0", "\x01", "\x7f", "\xff", "\xc3", "\xc2\x85", "\xef\xbb\xbf",
             "\t", "\r", "\n", ' ', split //, q(;{}"'\\#$*&!:,[]~-.|>?%@`aA0));

sub damaged {
    my ($text, $keep) = @_;

    for (1 .. (chance(0.7) ? 1 : 1 + int rand 4)) {
        my @free = (0);

        while ($text =~ /\G(?:$keep|(.))/gs) {
            push @free, pos($text) - 1 if defined $1;
        }

        my $at = pick(@free);
        my $next = pick(grep { $_ >= $at } @free);
        my $what = int rand 8;

        if ($what < 3) {
            substr($text, $at, 0) = pick(@bytes);
        } elsif ($what < 5) {
            substr($text, $at, 1) = '';
        } elsif ($what < 6) {
            substr($text, $at, 1) = pick(@bytes);
        } elsif ($what < 7) {
            substr($text, $at) = '' if $at > 0.6 * length $text;
        } elsif ($next - $at < 80 && substr($text, $at, $next - $at) !~ $keep) {
            my $run = substr $text, $at, $next - $at;
            substr($text, pick(@free), 0) = $run;
        }
    }

    return $text;
}


1;
