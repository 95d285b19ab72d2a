package MtaSts::Fault;

# Programs with a failing allocation: the command is run again and again, and each
# time another one of its allocations fails, by t/fault/malloc.c, which is preloaded.
#
#   my $fault = MtaSts::Fault->new(command => [...], judge => sub { ... });
#   $fault->exhaust('name');
#
# judge is called with the result of a run, { n, status, out, err }, and that of an
# undisturbed one; it returns what is wrong, or nothing.  from is a file before whose
# opening none fails.  skip names the libraries of OpenSSL whose allocations are not
# counted.  status is that of an undisturbed run, 0 if absent.  runs is how many allocations fail, evenly distributed; without it each
# one fails when MTA_STS_TEST_SLOW=1, and else every tenth.
#
# glob() of glibc 2.36 frees names twice, and aborts, when an allocation fails in
# prefix_array() (posix/glob.c): its caller cannot prevent that, so such runs are
# counted apart.

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

my $MAX_SHOWN = 5;

# domains files with every construct that such a file may have

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
# refuses to be the second library unless it is told so, and works as well.

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

    spew("$dir/in", '');

    return bless { %opt, dir => $dir }, $class;
}


# Like run(), but in one folder.

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
    $run{calls} = $report =~ /^(\d+)$/ ? $1 : 0;
    $run{glob} = $report eq "glob\n" && $run{err} =~ /double.free/;
    return \%run;
}


sub wrong {
    my ($self, $run, $whole) = @_;

    return "signal $run->{signal}" if $run->{signal};
    return 'sanitizer' if $run->{err} =~ /Sanitizer|runtime error:/;
    return 'no report' if !$run->{calls};
    return $self->{judge}->($run, $whole);
}


# Lines of an output that an undisturbed run does not have.

sub differs {
    my ($out, $whole) = @_;
    my %has = map { $_ => 1 } split /\n/, $whole;
    return join '', map { "    $_\n" } grep { !$has{$_} } split /\n/, $out;
}


# Two tests: the undisturbed run, and all others.

sub exhaust {
    my ($self, $name) = @_;
    my $whole = $self->once(0);

    $self->{whole} = $whole;

    ok(!$whole->{signal} && $whole->{status} == ($self->{status} // 0)
       && $whole->{calls}
       && $whole->{err} !~ /Sanitizer|runtime error:/,
       "$name: no allocation fails")
        or diag("status $whole->{status}, signal $whole->{signal}: "
                . $whole->{err}), return;

    my $step = $self->{runs} ? 1 + int($whole->{calls} / $self->{runs})
             : !$SLOW ? 10 : $SANITIZED ? 4 : 1;
    my $first = 1 + int rand $step;
    my ($runs, $recovered, $glob, @bad) = (0, 0, 0);

    for (my $n = $first; ; $n += $step) {
        my $run = $self->once($n);

        last if $run->{calls} && $run->{calls} < $n;
        die "$name: no end" if $n > 10 * $whole->{calls} + 10 * $step;

        $runs++;
        $glob++, next if $run->{glob};

        my $why = $self->wrong($run, $whole);

        $recovered++ if $run->{err} eq $whole->{err};
        push @bad, "allocation $n: $why, status $run->{status}: $run->{err}"
                   . differs($run->{out}, $whole->{out})
            if $why;
    }

    is(scalar @bad, 0, "$name: $runs of $whole->{calls} allocations failed, "
       . "from $first, in steps of $step; $recovered changed nothing"
       . ($glob ? ", $glob hit glibc's glob()" : ''));
    diag($_) for @bad[0 .. ($#bad < $MAX_SHOWN ? $#bad : $MAX_SHOWN - 1)];
}


1;
