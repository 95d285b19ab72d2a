package MtaSts;

# The harness: a real nginx in a temporary folder, on free ports of loopback,
# the helper as a process, and requests as bytes.
#
# From the environment, set by the Makefile: MTA_STS_BUILD is the folder with
# the helper, MTA_STS_NGINX the binary, MTA_STS_MODULE the module to load (empty
# when it is built in).  MTA_STS_PLAIN is the folder of an ordinary build, for
# what a sanitizer does not let be done.

use strict;
use warnings;

use Exporter qw(import);
use File::Temp qw(tempdir);
use IO::Socket::INET;
use IO::Socket::SSL;
use IO::Socket::UNIX;
use POSIX qw(:sys_wait_h);
use Test::More;

our @EXPORT = qw(run helper slurp spew http fields split_response make_cert
                 within);

our $BUILD  = $ENV{MTA_STS_BUILD} // 'build';
our $PLAIN  = $ENV{MTA_STS_PLAIN} // "$ENV{PWD}/build";
our $NGINX  = $ENV{MTA_STS_NGINX} // '/usr/sbin/nginx';
our $MODULE = $ENV{MTA_STS_MODULE}
              // "$ENV{PWD}/build/ngx_http_mta_sts_module.so";

# of the error log; a test that wants to see debug messages says so

our $LEVEL = 'info';

# of nginx.conf, outside of http

our $MAIN = 'daemon off; worker_processes 1;';
our $EVENTS = '';

# more for ASan in nginx, such as ":quarantine_size_mb=1"

our $ASAN = '';

# what a library can be preloaded into, such as that of faketime, which does not
# come before a sanitizer's

our $FAKED = $ENV{ASAN_OPTIONS} ? $PLAIN
           : $BUILD =~ m{^/} ? $BUILD : "$ENV{PWD}/$BUILD";


# nginx reads this one itself, as a list of sockets

delete $ENV{NGINX};

# nginx -t leaves its configuration to the end of the process: no leak; and
# another library may be preloaded, see MtaSts::Fault

my $nginx_asan = 'exitcode=99:detect_leaks=0:verify_asan_link_order=0';


sub slurp {
    my ($file) = @_;
    open my $fh, '<:raw', $file or die "$file: $!";
    local $/;
    return scalar <$fh> // '';
}


sub spew {
    my ($file, $text) = @_;
    open my $fh, '>:raw', $file or die "$file: $!";
    print $fh $text;
    close $fh or die "$file: $!";
}


# Waits for a condition and returns what it returned, or what is false after a
# minute or so many seconds: more than a busy machine needs.

our $PATIENCE = 60;

sub within {
    my ($code, $seconds) = @_;
    my $until = time + ($seconds // $PATIENCE);

    for (;;) {
        my $is = $code->();
        return $is if $is || time > $until;
        select undef, undef, undef, 0.02;
    }
}


# Waits until a process of ours has ended, or answers before that.

sub ended { my ($pid) = @_; return within(sub { waitpid($pid, WNOHANG) != 0 }) }

sub answers {
    my ($pid, $code) = @_;
    my $ended;
    return within(sub { $code->() || ($ended = waitpid($pid, WNOHANG) != 0) })
        && !$ended;
}


# Re-executes the test in an empty network namespace, with further options of
# unshare if there are any.

sub enter_namespace {
    my @options = @_;
    return if $ENV{MTA_STS_WORLD};

    my @env = map { "$_=$ENV{$_}" }
              grep { /^(?:MTA_STS|[A-Z]+SAN_|PATH|PWD)/ } keys %ENV;
    my @sudo = $> == 0 ? () : ('sudo', '-n');
    exec @sudo, 'unshare', '-n', @options, '--', 'env', @env, 'MTA_STS_WORLD=1',
         $^X, $0, @ARGV or die "unshare: $!";
}


# Runs a program without a shell, with what %$env adds to the environment; "in" of
# the folder is its input, and its output goes to "out" and "err" there.  Returns
# its status as of wait().

sub run_in {
    my ($dir, $env, @command) = @_;
    my $pid = fork // die "fork: $!";

    if ($pid == 0) {
        @ENV{keys %$env} = values %$env;
        open STDIN, '<', "$dir/in" or die;
        open STDOUT, '>', "$dir/out" or die;
        open STDERR, '>', "$dir/err" or die;
        { no warnings; exec { $command[0] } @command; }
        print STDERR "$command[0]: $!";
        POSIX::_exit(127);
    }

    waitpid $pid, 0;

    return $?;
}


# Runs a program without a shell; returns exit status, stdout and stderr.  A
# process has one folder for all that it runs, with new files each time: one
# that goes on in the background keeps its own.

my %scratch;

sub run {
    my ($in, @command) = @_;
    my $dir = $scratch{$$} //= tempdir(CLEANUP => 1);

    unlink map { "$dir/$_" } qw(in out err);
    spew("$dir/in", $in // '');

    my $ended = run_in($dir, {}, @command);
    my $status = $ended & 127 ? 128 + ($ended & 127) : $ended >> 8;

    return ($status, slurp("$dir/out"), slurp("$dir/err"));
}


# Runs the helper; a sanitizer report fails the test wherever it happens.

sub helper {
    my @args = @_;
    my $in = ref $args[0] ? ${ shift @args } : '';
    my ($status, $out, $err) = run($in, "$BUILD/mta-sts", @args);

    if ($status > 3 || $err =~ /Sanitizer|runtime error:/) {
        fail("mta-sts @args");
        diag("status $status: $err");
    }

    return ($status, $out, $err);
}


# A certificate for the names, signed by the CA in $dir, which is made when it
# is not there.  Returns nothing; writes $dir/$file.pem and $dir/$file.key.

sub make_cert {
    my ($dir, $file, @names) = @_;
    my $san = join ',', map { "DNS:$_" } @names;
    my @key = qw(-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes);

    my @steps;
    push @steps, ['req', '-x509', @key, '-days', '2', '-subj', '/CN=test CA',
                  '-keyout', "$dir/ca.key", '-out', "$dir/ca.pem"]
        unless -e "$dir/ca.pem";
    push @steps, ['req', '-x509', @key, '-days', '2', '-subj', '/CN=test',
                  '-CA', "$dir/ca.pem", '-CAkey', "$dir/ca.key",
                  '-addext', "subjectAltName=$san",
                  '-addext', 'basicConstraints=critical,CA:FALSE',
                  '-keyout', "$dir/$file.key", '-out', "$dir/$file.pem"];

    for my $step (@steps) {
        my ($status, $out, $err) = run('', 'openssl', @$step);
        die "openssl @$step: $err" if $status;
    }
}


# nginx in a folder of its own.  In the configuration, %%PORT0%% .. %%PORT9%%
# are free ports and %%DIR%% is the folder.

sub new {
    my ($class, $conf, %files) = @_;
    my $self = bless { dir => tempdir('mta-sts-XXXXXX', TMPDIR => 1,
                                      CLEANUP => 1), ports => [] }, $class;

    mkdir "$self->{dir}/$_" for qw(logs temp);
    chmod 0755, $self->{dir};
    spew("$self->{dir}/$_", $files{$_}) for keys %files;
    $self->conf($conf);

    return $self;
}


sub dir { return $_[0]{dir} }


# A port of loopback that is free for UDP and TCP.  It is below those that the
# kernel gives to clients, and the name of a socket, which goes away with the
# process or with $lock, keeps it from other tests.
#
# Random tests have a seed for rand(), which is not used here.

my $random = $$ * 7919 + time;

sub free_port {
    for (1 .. 1000) {
        $random = ($random * 1103515245 + 12345) % 2 ** 31;

        my $port = 10000 + ($random >> 8) % 20000;
        my $lock = IO::Socket::UNIX->new(Local => "\0mta-sts-port-$port",
                                         Listen => 1) or next;
        my @addr = (LocalAddr => '127.0.0.1', LocalPort => $port);

        next unless IO::Socket::INET->new(@addr, Proto => 'udp')
            && IO::Socket::INET->new(@addr, Proto => 'tcp', Listen => 1);

        return ($port, $lock);
    }

    die 'no free port';
}


sub port {
    my ($self, $n) = @_;

    if (!defined $self->{ports}[$n]) {
        ($self->{ports}[$n], $self->{locks}[$n]) = free_port();
    }

    return $self->{ports}[$n];
}


sub expand {
    my ($self, $text) = @_;
    $text =~ s/%%PORT(\d)%%/$self->port($1)/ge;
    $text =~ s/%%DIR%%/$self->{dir}/g;
    return $text;
}


# Writes nginx.conf: what every test needs, and then http's inside.

sub conf {
    my ($self, $http) = @_;
    my $load = $MODULE ? "load_module $MODULE; " : '';
    my $user = $> == 0 ? 'user root; ' : '';
    my $temp = join ' ', map { "${_}_temp_path temp/$_;" }
        qw(client_body proxy fastcgi uwsgi scgi);

    # one line, so that line numbers in the tests count from the second

    spew("$self->{dir}/nginx.conf", $self->expand(
        "${load}${user}$MAIN pid logs/nginx.pid; "
        . "error_log logs/error.log $LEVEL; "
        . "events { $EVENTS } http { access_log off; $temp\n$http\n}\n"));
}


# nginx with an option, such as -t, as a command of @before; returns exit status,
# stdout and stderr.

sub nginx {
    my ($self, $option, @before) = @_;
    local $ENV{ASAN_OPTIONS} = $nginx_asan . $ASAN;
    return run('', @before, $NGINX, '-p', "$self->{dir}/", '-c', 'nginx.conf',
               $option, '-e', 'stderr');
}


# nginx -t; returns the exit status and what it says.

sub test {
    my ($self) = @_;
    my ($status, $out, $err) = $self->nginx('-t');
    return ($status, $out . $err);
}


# As a command of @before, which has to run it in the same process.

sub start {
    my ($self, @before) = @_;

    $self->{pid} = fork // die "fork: $!";

    if ($self->{pid} == 0) {
        $ENV{ASAN_OPTIONS} = $nginx_asan . $ASAN;
        open STDOUT, '>>', "$self->{dir}/logs/stderr" or die;
        open STDERR, '>>', "$self->{dir}/logs/stderr" or die;
        exec @before, $NGINX, '-p', "$self->{dir}/", '-c', 'nginx.conf', '-e',
             "$self->{dir}/logs/error.log";
    }

    my ($port) = grep { defined } @{ $self->{ports} };

    # a master that has workers misses no signal

    return $self if answers($self->{pid}, sub {
        -s "$self->{dir}/logs/nginx.pid" && $self->children
            && IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port") });

    die 'nginx did not start: ' . slurp("$self->{dir}/logs/stderr")
        . slurp("$self->{dir}/logs/error.log");
}


# The processes of the master.

sub children {
    my ($self) = @_;
    return split ' ', slurp("/proc/$self->{pid}/task/$self->{pid}/children");
}


# How many connections a worker has: sockets that the master has not.

sub connections {
    my ($self, $pid) = @_;
    my ($all, $master) = map {
        my $of = $_;
        +{ map { ((readlink // '') => 1) } glob "/proc/$of/fd/*" };
    } $pid, $self->{pid};

    return scalar grep { /^socket:/ && !$master->{$_} } keys %$all;
}


# How often a text matches in the error log; with code, runs it and waits until
# there is one more.

sub logged {
    my ($self, $regex, $code) = @_;
    my $n = () = slurp("$self->{dir}/logs/error.log") =~ /$regex/g;

    return $n unless $code;
    $code->();
    return within(sub { $self->logged($regex) > $n });
}


# Reloads and waits until all workers are new ones, or the log has one more line
# like that of a refusal.

our $GONE = qr/signal 17 \(SIGCHLD\) received/;

sub reload {
    my ($self, $regex) = @_;
    return $self->logged($regex, sub { kill 'HUP', $self->{pid} }) if $regex;

    my @old = $self->children;

    kill 'HUP', $self->{pid};
    return within(sub { !grep { kill 0, $_ } @old });
}


# Waits for the next second of nginx's clock, in which a worker looks at a table
# again when it is asked.

sub next_second {
    my ($self) = @_;
    my $date = fields($self->get(0, 'next.example'), 'Date');
    return within(sub { fields($self->get(0, 'next.example'), 'Date') ne $date });
}


# Stops nginx and asserts a clean error log, but for lines that match $allow.

sub stop {
    my ($self, $allow) = @_;

    if ($self->{pid}) {
        kill 'QUIT', $self->{pid};
        waitpid $self->{pid}, 0;
        is($? & 127, 0, 'nginx ended by itself');
        delete $self->{pid};
    }

    my $log = slurp("$self->{dir}/logs/error.log")
              . slurp("$self->{dir}/logs/stderr");
    my @bad = grep { !defined $allow || !/$allow/ }
              grep { /\[(?:alert|crit|emerg)\]|Sanitizer|runtime error:/ }
              split /\n/, $log;

    is("@bad", '', 'no alert, no crit, no sanitizer report in the error log');
}


# A test that dies leaves no process behind: the master ends its workers when
# it is asked to, and cannot when it is killed.

sub DESTROY {
    my ($self) = @_;
    return unless $self->{pid};
    local $?;

    for my $signal (('TERM') x 50, 'KILL') {
        kill $signal, $self->{pid};
        return if waitpid($self->{pid}, WNOHANG) != 0;
        select undef, undef, undef, 0.1;
    }
}


# Sends bytes to a port of the instance and returns all that comes back until
# the server closes.  $opt{sni} makes it TLS; the name that is verified is
# $opt{verify}, or the same.

sub http {
    my ($self, $n, $request, %opt) = @_;
    my $port = $self->port($n);
    my $sock;

    if (exists $opt{sni}) {
        $sock = IO::Socket::SSL->new(PeerAddr => "127.0.0.1:$port",
            SSL_hostname => $opt{sni},
            SSL_verifycn_name => $opt{verify} // $opt{sni},
            SSL_verifycn_scheme => 'http',
            SSL_ca_file => "$self->{dir}/ca.pem", Timeout => $PATIENCE)
            or return 'TLS: ' . IO::Socket::SSL::errstr();

    } else {
        $sock = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port",
                                      Timeout => $PATIENCE)
            or die "connect: $!";
    }

    local $SIG{ALRM} = sub { die "timed out on:\n$request" };
    alarm 2 * $PATIENCE;

    print $sock $request;

    my $response = '';

    while (sysread $sock, my $buf, 65536) {
        $response .= $buf;
    }

    alarm 0;
    close $sock;

    return $response;
}


# GET for a policy host, with more header lines if given.

sub get {
    my ($self, $n, $host, %opt) = @_;
    my $path = $opt{path} // '/.well-known/mta-sts.txt';
    my $more = join '', map { "$_\r\n" } @{ $opt{headers} // [] };

    return $self->http($n, ($opt{method} // 'GET') . " $path HTTP/1.1\r\n"
        . "Host: $host\r\nConnection: close\r\n$more\r\n"
        . ($opt{body} // ''), %opt);
}


sub split_response {
    my ($head, $body) = split /\r\n\r\n/, $_[0], 2;
    return ($head, $body);
}


# The values of a header field.

sub fields {
    my ($response, $name) = @_;
    my ($head) = split_response($response);
    return join ', ', $head =~ /^\Q$name\E:\s*(.*?)\r?$/mig;
}


1;
