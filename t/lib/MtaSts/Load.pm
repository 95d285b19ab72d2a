package MtaSts::Load;

# An nginx with several workers and thousands of policies, watched: which
# workers there are, what they hold and what they use.

use strict;
use warnings;

use Exporter qw(import);
use IO::Socket::INET;
use MtaSts;
use POSIX ();
use Socket qw(SOL_SOCKET SO_LINGER SO_RCVBUF IPPROTO_TCP TCP_NODELAY);

our @EXPORT = qw(bytes domains_file raise_files slow);
our @ISA = qw(MtaSts);

use constant PATH => '/.well-known/mta-sts.txt';

# a worker for each of two cores; what a reload closes is then shared, too

use constant WORKERS => 2;


# The long variant, or the short one.

sub slow {
    my ($long, $short) = @_;
    return $ENV{MTA_STS_TEST_SLOW} ? $long : $short;
}


# A domains file with ten policies; each fourth domain has its own.

sub domains_file {
    my ($domains, $age) = @_;
    return "max_age: $age\npolicies:\n"
        . join('', map {
              "  p$_: { mode: enforce, mx: mx$_.example }\n"
          } 0 .. 9)
        . "domains:\n"
        . join('', map {
              "  c$_.example: "
              . ($_ % 4 ? 'p' . $_ % 10 : "{ mx: mail.c$_.example }") . "\n"
          } 1 .. $domains);
}


# An nginx with $domains domains of such a file and four hosts with a policy of
# directives.  Port 0 is without TLS, port 1 with it.  $opt{more} is more of
# http, $opt{main} and $opt{events} of what is outside.

sub new {
    my ($class, $domains, %opt) = @_;

    local $MtaSts::LEVEL = 'notice';

    my $self = $class->SUPER::new('');

    $self->{domains} = $domains;
    $self->{owner} = $$;
    $self->{opt} = { main => 'daemon off;', events => '', more => '', %opt };
    $self->{workers} = {};
    make_cert($self->dir, 'tls', 'mta-sts.c1.example', '127.0.0.1');
    $self->age(604800);

    return $self;
}


# Writes a configuration that differs in max_age alone.

sub age {
    my ($self, $age) = @_;
    my $listen = 'listen 127.0.0.1:%%PORT0%%; '
                 . 'listen 127.0.0.1:%%PORT1%% ssl http2;';

    local $MtaSts::LEVEL = 'notice';
    local $MtaSts::MAIN = 'worker_processes ' . WORKERS
                          . "; $self->{opt}{main}";
    local $MtaSts::EVENTS = $self->{opt}{events};

    $self->{age} = $age;
    $self->conf("
        ssl_certificate tls.pem; ssl_certificate_key tls.key;
        keepalive_requests 100000000; keepalive_timeout 600s;
        client_header_timeout 600s; send_timeout 600s;
        lingering_time 600s; lingering_timeout 60s;
        server { $listen server_name mta-sts.*; mta_sts_domains d.yaml; }
        server {
            $listen server_name mta-sts.d0.example mta-sts.d1.example;
            mta_sts_mode enforce; mta_sts_mx a.d.example *.d.example;
            mta_sts_max_age $age;
        }
        server {
            $listen server_name mta-sts.d2.example mta-sts.d3.example;
            mta_sts_mx d.example; mta_sts_max_age $age;
            location / { mta_sts_generator; }
        }
        $self->{opt}{more}");

    # as an administrator should: a file is whole or not there

    my $dir = $self->dir;

    spew("$dir/new.yaml", domains_file($self->{domains}, $age));
    rename "$dir/new.yaml", "$dir/d.yaml" or die $!;
}


# Policy hosts and their policies up to max_age.

sub policies {
    my ($self) = @_;
    my $of = sub {
        my ($mode, @mx) = @_;
        return "version: STSv1\r\nmode: $mode\r\n"
               . join '', map { "mx: $_\r\n" } @mx;
    };

    return { (map {
        ("mta-sts.c$_.example" => $_ % 4 ? $of->('enforce', 'mx' . $_ % 10
                                                            . '.example')
                                         : $of->('testing', "mail.c$_.example"))
    } 1 .. $self->{domains}), (map {
        ("mta-sts.d$_.example" => $_ < 2
            ? $of->('enforce', 'a.d.example', '*.d.example')
            : $of->('testing', 'd.example'))
    } 0 .. 3) };
}


# The policy of a host, whole.

sub policy {
    my ($self, $host) = @_;
    $self->{policies} //= $self->policies;
    return "$self->{policies}{$host}max_age: $self->{age}\r\n";
}


# A request, and the answer to it but for its Date and Server.

sub request {
    my ($self, $host, $connection) = @_;
    return 'GET ' . PATH . " HTTP/1.1\r\nHost: $host\r\n"
           . ($connection ? "Connection: $connection\r\n" : '') . "\r\n";
}


sub bytes {
    my ($response) = @_;
    return $response =~ s/^(?:Server|Date): [^\r\n]*\r\n//mgr;
}


sub answer {
    my ($self, $body, $connection) = @_;
    return "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: "
           . length($body) . "\r\nConnection: " . ($connection // 'keep-alive')
           . "\r\nCache-Control: no-cache\r\n\r\n$body";
}


# A connection to port $n; $opt{from} is the source address, $opt{rcvbuf} the
# size of its receive buffer.  Without one, undef.

sub connection {
    my ($self, $n, %opt) = @_;
    my $sock = IO::Socket::INET->new(Proto => 'tcp', Timeout => 60,
        LocalAddr => $opt{from} // '127.0.0.1',
        $opt{rcvbuf} ? (Sockopts => [[SO_RCVBUF, $opt{rcvbuf}]]) : (),
        PeerAddr => '127.0.0.1:' . $self->port($n)) // return;
    setsockopt $sock, IPPROTO_TCP, TCP_NODELAY, 1;
    return $sock;
}


# One response that has a Content-Length, or what came instead of it before the
# end.  Takes up to $step bytes at a time; what is of the next one is kept with
# the connection.

sub response {
    my ($self, $sock, $step) = @_;
    my $response = delete ${*$sock}{mta_sts_next} // '';

    while (1) {
        if ($response =~ /\A.*?^Content-Length: (\d+)\r\n.*?\r\n\r\n/ms
            && length $response >= $+[0] + $1)
        {
            ${*$sock}{mta_sts_next} = substr $response, $+[0] + $1,
                                             length $response, '';
            return $response;
        }

        my $got = sysread $sock, $response, $step // 65536, length $response;

        next if !defined $got && $!{EINTR};
        return $response unless $got;
    }
}


# Ends a connection, with RST when $reset.

sub hang_up {
    my ($self, $sock, $reset) = @_;
    setsockopt $sock, SOL_SOCKET, SO_LINGER, pack 'ii', 1, 0 if $reset;
    close $sock;
}


# What goes on in the error log since the last look: which master started which
# worker, and which have ended.

sub watch {
    my ($self) = @_;

    if (!$self->{watch}) {
        open $self->{watch}, '<:raw', $self->dir . '/logs/error.log' or die $!;
        $self->{rest} = '';
    }

    while (sysread $self->{watch}, $self->{rest}, 65536, length $self->{rest}) {
    }

    my $text = substr $self->{rest}, 0, rindex($self->{rest}, "\n") + 1, '';

    for my $line (split /\n/, $text) {
        $self->{workers}{$2} = $1
            if $line =~ /(\d+)#\d+: start worker process (\d+)$/;
        delete $self->{workers}{$1}
            if $line =~ /: worker process (\d+) exited /;
    }
}


# The workers of the master, or of another one.

sub workers {
    my ($self, $master) = @_;
    $self->watch;
    return sort { $a <=> $b }
           grep { $self->{workers}{$_} == ($master // $self->{pid}) }
           keys %{ $self->{workers} };
}


# Waits until a master has all its workers, and none of @old.

sub settled_of {
    my ($self, $master, @old) = @_;
    my %old = map { $_ => 1 } @old;

    return within(sub {
        my @now = $self->workers($master);
        return @now == WORKERS && !grep { $old{$_} } @now;
    });
}


sub settled {
    my ($self, @old) = @_;
    return $self->settled_of($self->{pid}, @old);
}


# Reloads with another max_age; the old workers are gone when it returns.

sub renew {
    my ($self, $age) = @_;
    my @old = $self->workers;

    $self->age($age);
    kill 'HUP', $self->{pid};

    return $self->settled(@old);
}


# What a process has in memory, in kB: all, and all but what is of files.

sub memory {
    my ($self, $pid) = @_;
    my $text = slurp("/proc/$pid/smaps_rollup");
    my ($rss) = $text =~ /^Rss:\s+(\d+) kB/m;
    my ($anonymous) = $text =~ /^Anonymous:\s+(\d+) kB/m;
    return ($rss, $anonymous);
}


sub files {
    my ($self, $pid) = @_;
    opendir my $dir, "/proc/$pid/fd" or return 0;
    return scalar grep { /^\d/ } readdir $dir;
}


# So many files for this process and its children, if need be with sudo.

sub raise_files {
    my ($files) = @_;
    my ($status, $out) = run('', 'prlimit', '--pid', $$, '--nofile', '--raw',
                             '--noheadings', '-o', 'SOFT,HARD');
    my ($soft, $hard) = split ' ', $out;

    return if $soft eq 'unlimited' || $soft >= $files;

    my $set = $hard eq 'unlimited' || $hard >= $files ? "$files:$hard"
                                                      : "$files:$files";
    my @sudo = $set eq "$files:$files" && $hard ne $files && $> ? ('sudo', '-n')
                                                                     : ();

    ($status, undef, my $err) = run('', @sudo, 'prlimit', '--pid', $$,
                                    "--nofile=$set");
    die "prlimit: $err" if $status;
}


1;
