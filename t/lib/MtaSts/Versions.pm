package MtaSts::Versions;

# Domains that change all the time, each with the versions that its source has had:
# every answer must be one of them, byte for byte, and never an older one than
# before.  The version is in max_age.

use strict;
use warnings;

use MtaSts::Follow;
use Test::More;
use Time::HiRes qw(time);

use constant BASE => 86400;

# A worker that ends may answer after the one that takes its place has.

use constant STALE => 5;


# new is the last version that was made up, high the last one that the source
# may have.

sub new {
    my ($class, $upsert) = @_;

    return bless { upsert => $upsert, new => {}, high => {}, seen => {},
                   pending => [], changes => 0, answers => 0, bad => [],
                   begin => time },
                 $class;
}


sub domains { return sort keys %{ $_[0]{high} } }
sub bad { return @{ $_[0]{bad} } }


# One that is there.

sub pick {
    my ($self) = @_;
    my $n = keys %{ $self->{high} };
    return 'd' . int(rand $n) . '.example';
}


sub row {
    my ($self, $domain) = @_;
    my $version = ++$self->{new}{$domain};

    $self->{high}{$domain} = $version;
    $self->{changes}++;
    push @{ $self->{pending} }, $domain;

    return "('$domain', 'enforce', 'mx.$domain', '" . (BASE + $version) . "')";
}


# SQL that adds so many domains, and changes so many others.

sub batch {
    my ($self, $add, $change) = @_;
    my $n = keys %{ $self->{high} };
    my %domains = map { ('d' . ($n + $_) . '.example') => 1 } 0 .. $add - 1;

    $domains{ $self->pick } = 1 for 1 .. ($n ? $change : 0);
    $self->{pending} = [];

    return 'INSERT INTO mta_sts_domains (domain, mode, mx, max_age) VALUES '
        . join(', ', map { $self->row($_) } sort keys %domains) . ' '
        . $self->{upsert};
}


# What became of the last batch, if the source was killed: as it says itself.

sub resolve {
    my ($self, $db) = @_;
    my $list = join ', ', map { "'$_'" } @{ $self->{pending} };
    my %has = map { split /\t/ } split /\n/,
              $db->sql("SELECT domain, max_age FROM mta_sts_domains WHERE "
                       . "domain IN ($list)");

    for my $domain (@{ $self->{pending} }) {
        if ($has{$domain}) {
            $self->{high}{$domain} = $has{$domain} - BASE;

        } else {
            delete $self->{high}{$domain};
        }
    }
}


# Asks a node for a domain; returns the version that it has, or undef.

sub ask {
    my ($self, $node, $domain) = @_;
    my ($status, $body) = $node->ask($domain);
    my $seen = $self->{seen}{ $node->{i} }{$domain};
    my ($max_age) = ($body // '') =~ /^max_age: (\d+)\r\n\z/m;

    $self->{answers}++;

    if ($status == 404 && !$seen) {
        return undef;
    }

    my $version = ($max_age // 0) - BASE;
    my $right = MtaSts::Follow::body('enforce', "mx.$domain", $max_age // 0);

    if ($status != 200 || $body ne $right || $version < 1
        || $version > ($self->{high}{$domain} // 0)
        || ($seen && $version < $seen->[0] && time - $seen->[1] > STALE))
    {
        push @{ $self->{bad} }, "node $node->{i}, $domain, version "
            . ($self->{high}{$domain} // 0) . ', seen '
            . ($seen ? $seen->[0] : 'none') . ": $status $body";
        return $version;
    }

    if (!$seen || $version > $seen->[0]) {
        $self->{seen}{ $node->{i} }{$domain} = [$version, time];
    }

    return $version;
}


# Answers of all nodes for some time; $write is called before each round, and
# $trouble after it.

sub load {
    my ($self, $seconds, $nodes, $write, $trouble) = @_;
    my $until = time + $seconds;

    while (time < $until) {
        $write->() if $write;

        for my $node (@$nodes) {
            $self->ask($node, $self->pick) for 1 .. 20;
        }

        $trouble->() if $trouble;
    }

    is(join("\n", $self->bad), '', 'no answer is wrong');
}


# In the end each node has what the source has.

sub await_equal {
    my ($self, $node) = @_;
    my @differ;

    $node->follow->await("node $node->{i} is equal to the source", sub {
        @differ = $self->differ($node);
        return !@differ;
    });
    diag(scalar @differ . " differ, such as $differ[0]") if @differ;
    is(join("\n", $self->bad), '', 'no answer is wrong');
}


# What the run was worth.

sub summary {
    my ($self) = @_;
    my $seconds = time - $self->{begin};

    return sprintf '%d changes/s, %d answers/s', $self->{changes} / $seconds,
        $self->{answers} / $seconds;
}


# The domains of a node that are not what the source has.

sub differ {
    my ($self, $node) = @_;
    return grep { ($self->ask($node, $_) // 0) != $self->{high}{$_} }
           $self->domains;
}


1;
