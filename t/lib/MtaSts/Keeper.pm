package MtaSts::Keeper;

# A client that keeps its connections, as wrk does, but tells what wrk cannot: a
# connection that was closed while nothing of an answer had come, which a client
# meets by asking again, from an answer that broke off.

use strict;
use warnings;

use MtaSts;
use MtaSts::Load;
use MtaSts::Wrk;

our @ISA = qw(MtaSts::Wrk);

use constant CONNECTIONS => 4;


sub start {
    my ($class, $nginx) = @_;
    my $self = bless { owner => $$, out => $nginx->dir . '/keeper-'
                       . ++(our $count) }, $class;

    $nginx->policy('mta-sts.c1.example');
    $self->{pid} = fork // die "fork: $!";

    if ($self->{pid} == 0) {
        my $said = eval { work($nginx, $self->{out}) } // "died: $@";
        spew("$self->{out}.new", $said);
        rename "$self->{out}.new", $self->{out};
        POSIX::_exit(0);
    }

    within(sub { -e "$self->{out}.ready" }) or die 'no load';

    return $self;
}


# What an answer is: right, or right and the last one on its connection; or it
# never began, or it is another one.

sub fault {
    my ($nginx, $host, $response, $newest) = @_;

    return 'idle' if $response eq '';

    my ($age) = $response =~ /^max_age: (\d+)\r\n\z/m;
    my $body = $nginx->{policies}{$host} . 'max_age: ' . ($age // 0) . "\r\n";

    return 'broken' if $age < $$newest - 1;
    $$newest = $age if $age > $$newest;

    # a worker that ends says so with the answer, and closes after it

    return 'answers' if bytes($response) eq $nginx->answer($body);
    return 'last' if bytes($response) eq $nginx->answer($body, 'close');
    return 'broken';
}


sub work {
    my ($nginx, $out) = @_;
    my $parent = getppid;
    my @hosts = sort keys %{ $nginx->{policies} };
    my %count = map { $_ => 0 } qw(answers last idle broken refused);
    my ($stop, $ready, $newest, $at, $last, @open) = (0, 0, 0, 0, '');

    local $SIG{TERM} = sub { $stop = 1 };
    local $SIG{PIPE} = 'IGNORE';

    until ($stop || getppid != $parent) {
        my @asked;

        for my $n (0 .. CONNECTIONS - 1) {
            $open[$n] //= $nginx->connection(0);
            $stop || $count{refused}++, next unless $open[$n];
            $asked[$n] = $hosts[$at = ($at + 7) % @hosts];
            syswrite $open[$n], $nginx->request($asked[$n]);
        }

        for my $n (grep { defined $asked[$_] } 0 .. $#asked) {
            my $response = $nginx->response($open[$n]);
            my $fault = fault($nginx, $asked[$n], $response, \$newest);
            $count{$fault}++;
            $last = "$asked[$n]: $response" if $fault eq 'broken';
            $open[$n] = undef if $fault ne 'answers';
        }

        spew("$out.ready", '')
            if $count{answers} >= CONNECTIONS && !$ready++;
    }

    return join(' ', map { "$_=$count{$_}" } sort keys %count) . "\n$last";
}


# Ends it; returns how many answers were right (answers and last), were not
# begun (idle) and were wrong or broke off, and how many connections were
# refused.

sub stop {
    my ($self) = @_;
    return { $self->end('TERM', 'broken') };
}


1;
