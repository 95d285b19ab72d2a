package MtaSts::Wrk;

# Load: wrk, which compares each response with what is expected (t/data/wrk.lua)
# and counts what is wrong and what broke.

use strict;
use warnings;

use MtaSts;
use POSIX ();
use Test::More;

use constant THREADS => 4;


# Asks a URL's server for the policies of the hosts in %$policies, which are up
# to max_age, until stop().  $mode is what Connection: says: close or
# keep-alive. Returns when requests are answered in each thread.

sub start {
    my ($class, $dir, $url, $mode, $policies) = @_;
    my $self = bless { owner => $$ }, $class;
    my $base = "$dir/wrk-" . ++(our $count);

    $self->{out} = "$base.out";
    spew("$base.list", join '', map {
        "$_\t" . ($policies->{$_} =~ s/\r\n/|/gr) . "\n"
    } sort keys %$policies);

    $self->{pid} = fork // die "fork: $!";

    if ($self->{pid} == 0) {
        open STDOUT, '>', $self->{out} or die;
        open STDERR, '>&STDOUT';

        # it goes when this test goes, however that is

        { no warnings;
          exec qw(setpriv --pdeathsig KILL wrk -d600 --timeout 100),
              '-t' . THREADS, '-c' . THREADS, '-s', 't/data/wrk.lua',
              "$url/.well-known/mta-sts.txt", '--', "$base.list", $mode; }

        print STDERR "wrk: $!";
        POSIX::_exit(127);
    }

    return $self if MtaSts::answers($self->{pid}, sub {
        my $ready = () = (-e $self->{out} ? slurp($self->{out}) : '')
                         =~ /^ready$/mg;
        $ready == THREADS });

    die "no load, wrk $url: " . slurp($self->{out});
}


# Ends a process that writes what it has counted, as NAME=NUMBER.  Shows all
# that it has said if there is something in $bad.

sub end {
    my ($self, $signal, $bad) = @_;

    kill $signal, $self->{pid};
    waitpid delete $self->{pid}, 0;

    my $said = slurp($self->{out});
    my %count = $said =~ /(\w+)=(\d+)/g;

    diag($said) if !defined $count{$bad} || $count{$bad};
    return %count;
}


# Ends it; returns what was counted.

sub stop {
    my ($self) = @_;
    my %count = $self->end('INT', 'wrong');

    $count{failed} = 0;
    $count{failed} += $count{$_} // 1 for qw(connect read write timeout);

    return \%count;
}


# Ends it and asserts that each answer was right, and that no request failed
# but so many as a fault explains.  Returns what was counted.

sub right {
    my ($self, $name, $explained) = @_;
    my $count = $self->stop;

    cmp_ok($count->{answers} // 0, '>', 0,
           "$name: " . ($count->{answers} // 0) . ' answers');
    is($count->{wrong}, 0, '... none with a wrong byte');
    cmp_ok($count->{failed}, '<=', $explained // 0,
           "... $count->{failed} failed of " . ($explained // 0)
           . ' that may have')
        or diag(slurp($self->{out}));

    return $count;
}


sub DESTROY {
    my ($self) = @_;
    return unless $self->{pid} && $self->{owner} == $$;
    local $?;
    kill 'KILL', $self->{pid};
    waitpid $self->{pid}, 0;
}


1;
