package MtaSts::Fleet;

# Several nginx in network namespaces of their own, with follow next to each, and
# one database in the network of the test.
#
#   enter_network();                        # before anything else
#   my $fleet = MtaSts::Fleet->new(3, sub { my ($dir) = @_; ... });
#   $fleet->{nodes}[0]->ask('a.example');   # status and body
#
# 198.51.100.1 is the test, .2 the database, .11 and on are the nodes.

use strict;
use warnings;

use Exporter qw(import);
use MtaSts qw(run);
use MtaSts::Follow;
use POSIX ();

our @EXPORT = qw(enter_network);

our $ADDRESS = '198.51.100.2';


sub ip {
    my ($args) = @_;
    my ($status, $out, $err) = run('', 'ip', split ' ', $args);
    die "ip $args: $err" if $status;
}


# Re-executes the test in a network namespace with a bridge.

sub enter_network {
    MtaSts::enter_namespace();
    ip($_) for 'link set lo up', 'link add bridge type bridge',
               'addr add 198.51.100.1/24 dev bridge',
               "addr add $ADDRESS/24 dev bridge", 'link set bridge up';
}


# $source gives the URL and the options of follow on a node, from its folder.

sub new {
    my ($class, $n, $source) = @_;
    my $self = bless { owner => $$ }, $class;

    for my $i (1 .. $n) {
        push @{ $self->{nodes} }, MtaSts::Fleet::Node->new($i, $source);
    }

    return $self;
}


sub nodes { return @{ $_[0]{nodes} } }


package MtaSts::Fleet::Node;

use IO::Socket::INET;
use MtaSts qw(slurp);
use POSIX ();


sub new {
    my ($class, $i, $source) = @_;
    my $address = '198.51.100.' . (10 + $i);
    my $nginx = MtaSts->new("server { listen $address:80; "
        . "server_name mta-sts.*; keepalive_requests 1000000; "
        . 'mta_sts_domains table; }');
    my $self = bless { owner => $$, i => $i, address => $address,
                       nginx => $nginx, dir => $nginx->dir }, $class;
    my @source = $source->($self->{dir}, $i);

    chmod 0755, $self->{dir};
    $self->network;
    $self->{follow} = MtaSts::Follow->new($self->{dir}, @source);
    $self->{follow}{before} = [$self->inside];

    return $self;
}


sub dir { return $_[0]{dir} }
sub follow { return $_[0]{follow} }
sub nginx { return $_[0]{nginx} }

# A command in the network of the node, in the same process.

sub inside { return ('nsenter', "--net=/proc/$_[0]{pid}/ns/net", '--') }


# A process that only keeps the namespace, and a cable to the bridge.

sub network {
    my ($self) = @_;
    my $name = "node$self->{i}";

    $self->{pid} = fork // die "fork: $!";

    if ($self->{pid} == 0) {
        { no warnings; exec 'setpriv', '--pdeathsig', 'KILL', '--', 'unshare',
                            '-n', '--', 'sleep', '3600'; }
        POSIX::_exit(127);
    }

    MtaSts::within(sub { (readlink("/proc/$self->{pid}/exe") // '') =~ m{/sleep$} });

    MtaSts::Fleet::ip("link add $name type veth peer name eth0 netns "
                      . $self->{pid});
    MtaSts::Fleet::ip("link set $name master bridge up");

    for my $args ('link set lo up', 'link set eth0 up',
                  "addr add $self->{address}/24 dev eth0")
    {
        my ($status, $out, $err) = MtaSts::run('', $self->inside, 'ip',
                                               split ' ', $args);
        die "ip $args: $err" if $status;
    }
}


# Its packets to the database vanish, or arrive.

sub cut { $_[0]->neighbour('replace', 'lladdr', '02:00:00:00:00:01') }
sub restore { $_[0]->neighbour('del') }

sub neighbour {
    my ($self, $command, @more) = @_;
    MtaSts::run('', $self->inside, 'ip', 'neigh', $command,
                $MtaSts::Fleet::ADDRESS, 'dev', 'eth0', @more);
}


# Starts nginx; there must be a table.

sub start {
    my ($self) = @_;
    my $nginx = $self->{nginx};
    my $dir = $self->{dir};

    $nginx->{pid} = fork // die "fork: $!";

    if ($nginx->{pid} == 0) {
        open STDOUT, '>>', "$dir/logs/stderr" or POSIX::_exit(127);
        open STDERR, '>&', \*STDOUT or POSIX::_exit(127);
        $ENV{ASAN_OPTIONS} = 'exitcode=99:detect_leaks=0';
        exec $self->inside, $MtaSts::NGINX, '-p', "$dir/", '-c', 'nginx.conf',
             '-e', "$dir/logs/error.log";
    }

    return $self if MtaSts::answers($nginx->{pid}, sub {
        -s "$dir/logs/nginx.pid" && $self->connection });

    die 'nginx did not start: ' . slurp("$dir/logs/stderr")
        . slurp("$dir/logs/error.log");
}


sub connection {
    my ($self) = @_;

    return $self->{sock} //= IO::Socket::INET->new(
        PeerAddr => $self->{address}, PeerPort => 80, Timeout => 20);
}


# Status and body of a policy host.  A worker that has just ended, or is killed,
# closes its connections: then the question is asked again.

sub ask {
    my ($self, $domain) = @_;

    my ($status, $body);

    MtaSts::within(sub { ($status, $body) = $self->ask_once($domain) })
        or die "$self->{address} does not answer";

    return ($status, $body);
}


sub ask_once {
    my ($self, $domain) = @_;
    my $sock = $self->connection or return;
    my $got = '';
    my ($head, $body);

    local $SIG{PIPE} = 'IGNORE';

    syswrite $sock, "GET /.well-known/mta-sts.txt HTTP/1.1\r\n"
                    . "Host: mta-sts.$domain\r\n\r\n";

    for ( ;; ) {
        ($head, $body) = split /\r\n\r\n/, $got, 2;
        last if defined $body && $head =~ /^Content-Length: (\d+)/m
            && length $body >= $1;

        if (!sysread $sock, $got, 65536, length $got) {
            delete $self->{sock};
            return;
        }
    }

    delete $self->{sock} if $head =~ /^Connection: close/m;

    return ($head =~ /^HTTP\/1.1 (\d+)/, $body);
}


# The worker that answers.

sub workers {
    my ($self) = @_;
    my $children = slurp("/proc/$self->{nginx}{pid}/task/"
                         . "$self->{nginx}{pid}/children");
    return split ' ', $children;
}


sub DESTROY {
    my ($self) = @_;
    return if $self->{owner} != $$;
    local ($?, $!);

    $self->{follow}->kill if $self->{follow};

    # the next fleet has the same names, and a namespace ends some time later;
    # at the end of a test the folder of run() is gone

    system "ip link del node$self->{i} 2>/dev/null";
    kill 'KILL', $self->{pid};
    waitpid $self->{pid}, 0;
}


1;
