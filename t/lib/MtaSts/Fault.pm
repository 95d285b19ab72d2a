package MtaSts::Fault;

# Programs whose memory runs out: the command is run again and again, and each
# time another of its allocations fails, by t/fault/malloc.c, which is preloaded.
#
#   my $fault = MtaSts::Fault->new(command => [...], judge => sub { ... });
#   $fault->exhaust('name');
#
# from is a file before whose opening none fails.  judge is called with what a run
# came to, { n, status, out, err }, and what an undisturbed one did; it returns
# what is wrong, or nothing.  status is that of such a one, 0.  skip names the
# libraries of OpenSSL whose allocations are left alone.
#
# glob() of glibc 2.36 frees names twice, and aborts, when there is no memory to
# put their folder in front of them (prefix_array() in posix/glob.c): that is not
# for its caller to mend, and is counted apart.
#
# Each allocation fails when MTA_STS_TEST_SLOW=1, and else every tenth.  OpenSSL
# makes thousands, of the same kind and in the same order each time: where they
# are not left alone, "every" tells how many of them are passed by.

use strict;
use warnings;

use Exporter qw(import);
use File::Temp qw(tempdir);
use MtaSts qw(run slurp spew);
use Test::More;

our @EXPORT_OK = qw(fault_env);

my $SLOW = $ENV{MTA_STS_TEST_SLOW};
my $SANITIZED = ($ENV{ASAN_OPTIONS} // '') ne '';
my $LIBRARY = "$MtaSts::BUILD/t/fault/malloc.so";
$LIBRARY = "$ENV{PWD}/$LIBRARY" if $LIBRARY !~ m{^/};

my $MAX_TOLD = 5;

# domains files with what such a file may have

our %YAML = (
    '1.yaml' => <<'EOC',
policies:
  hosted: { mode: enforce, mx: [mx.example, '*.mx.example'] }
domains:
  d.example: hosted
  e.example: { policy: hosted, max_age: 1w, tlsrpt_rua: mailto:x@y.example }
default: hosted
EOC
    '2.yaml' => "domains:\n  bär.example: { mx: mx.example }\n");


# The environment of a program whose n-th allocation fails.  AddressSanitizer
# wants to be the first library, and is as good as the second.

sub fault_env {
    my ($n, %opt) = @_;

    return (LD_PRELOAD => $LIBRARY, MTA_STS_FAULT_AT => $n,
            MTA_STS_FAULT_SKIP => $opt{skip} // '',
            MTA_STS_FAULT_REPORT => $opt{report} // '',
            $opt{from} ? (MTA_STS_FAULT_FROM => $opt{from}) : (),
            ASAN_OPTIONS => join ':', grep { length } $ENV{ASAN_OPTIONS} // '',
                            'verify_asan_link_order=0', $opt{asan} // '');
}


sub new {
    my ($class, %opt) = @_;
    my $dir = tempdir(CLEANUP => 1);

    spew("$dir/in", $opt{in} // '');

    return bless { every => 1, leaks => 1, status => 0, %opt, dir => $dir }, $class;
}


# Like run(), of which there would be a new folder each time.

sub once {
    my ($self, $n) = @_;
    my $dir = $self->{dir};

    unlink "$dir/report";

    my %env = fault_env($n, report => "$dir/report",
                        map { $_ => $self->{$_} } qw(skip asan from));
    my $ended = MtaSts::run_in($dir, \%env, @{ $self->{command} });

    my %run = (n => $n, signal => $ended & 127, status => $ended >> 8,
               out => slurp("$dir/out"), err => slurp("$dir/err"));
    my $report = -e "$dir/report" ? slurp("$dir/report") : '';
    @run{qw(calls live)} = $report =~ /^(\d+) (-?\d+)$/ ? ($1, $2) : (0, 0);
    $run{glob} = $report eq "glob\n" && $run{err} =~ /double.free/;
    return \%run;
}


sub wrong {
    my ($self, $run, $whole) = @_;

    return "signal $run->{signal}" if $run->{signal};
    return 'sanitizer' if $run->{err} =~ /Sanitizer|runtime error:/;
    return 'no report' if !$run->{calls};
    return "$run->{live} allocations are left"
        if $self->{leaks} && $run->{live} > $whole->{live};
    return $self->{judge}->($run, $whole);
}


# Lines of an output that an undisturbed run does not have.

sub differs {
    my ($out, $whole) = @_;
    my %has = map { $_ => 1 } split /\n/, $whole;
    return join '', map { "    $_\n" } grep { !$has{$_} } split /\n/, $out;
}


# What libraries had before main() and libc gives back at the end makes less than
# nothing that is left, and the same each time.
#
# Two tests: the undisturbed run, and all others.  Returns how many failed.

sub exhaust {
    my ($self, $name) = @_;
    my $whole = $self->once(0);
    my $step = $self->{every} * ($SLOW ? $SANITIZED ? 4 : 1 : 10);
    my $first = 1 + int rand $step;
    my ($runs, $recovered, $glob, @bad) = (0, 0, 0);

    $self->{whole} = $whole;

    ok(!$whole->{signal} && $whole->{status} == $self->{status}
       && $whole->{calls}
       && (!$self->{leaks} || $whole->{live} <= 0)
       && $whole->{err} !~ /Sanitizer|runtime error:/,
       "$name: nothing fails, nothing is left")
        or diag("status $whole->{status}, signal $whole->{signal}, "
                . "live $whole->{live}: $whole->{err}"), return 0;

    for (my $n = $first; ; $n += $step) {
        my $run = $self->once($n);

        last if $run->{calls} && $run->{calls} < $n;
        die "$name: no end" if $n > 10 * $whole->{calls} + 10 * $step;

        $runs++;
        $glob++, next if $run->{glob};

        my $why = $self->wrong($run, $whole);

        $recovered++ if $run->{status} == $whole->{status};
        push @bad, "allocation $n, $why; status $run->{status}: $run->{err}"
                   . differs($run->{out}, $whole->{out})
            if $why;
    }

    is(scalar @bad, 0, "$name: $runs of $whole->{calls} allocations failed, "
       . "from $first, in steps of $step; $recovered did no harm"
       . ($glob ? ", $glob hit glibc's glob()" : ''));
    diag($_) for @bad[0 .. ($#bad < $MAX_TOLD ? $#bad : $MAX_TOLD - 1)];

    return $runs;
}


1;
