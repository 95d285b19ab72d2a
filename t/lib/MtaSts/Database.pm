package MtaSts::Database;

# A real database server in a folder of its own, on a port of loopback and a unix
# socket, run by the user of its package where the test is run by root.
#
#   my $db = MtaSts::Database->postgresql;          # or ->mariadb
#   $db->sql('INSERT ...');                         # returns the rows as text
#   my $session = $db->session;                     # to hold a transaction open
#   $session->sql('BEGIN');
#   $db->freeze; $db->thaw; $db->kill; $db->start; $db->stop;
#
# The socket is for the tests, whose database is "hosting".  The user "follow" has
# the password "secret" on loopback, and no rights yet.

use strict;
use warnings;

use File::Temp qw(tempdir);
use IPC::Open3;
use MtaSts qw(run slurp spew within);
use MtaSts::Dns;
use MtaSts::Mariadb;
use MtaSts::Postgresql;
use POSIX qw(:sys_wait_h);
use Scalar::Util qw(weaken);

my $DB = 'hosting';

my %alive;


sub postgresql { return shift->new('MtaSts::Postgresql', @_) }
sub mariadb { return shift->new('MtaSts::Mariadb', @_) }


# address is another one than loopback's, conf more options of the server.

sub new {
    my ($class, $engine, %opt) = @_;
    my $self = bless { owner => $$, address => $opt{address} // '127.0.0.1',
                       conf => $opt{conf} // [] }, $engine;

    # the path of a unix socket has 107 bytes

    $self->{dir} = tempdir('mta-sts-db-XXXXXX', DIR => '/tmp', CLEANUP => 1);
    $self->{port} = MtaSts::Dns::free_port($self);
    chown +(getpwnam $self->user)[2, 3], $self->{dir} if $> == 0;
    chmod 0755, $self->{dir};

    my ($status, $out, $err) = run('', $self->as_user($self->create));
    die "no database: $out$err" if $status;

    $self->start;
    $self->sql($self->prepare, db => $self->first);

    return $self;
}


sub dir { return $_[0]{dir} }
sub port { return $_[0]{port} }
sub log { return slurp("$_[0]{dir}/log") }


# A command as the user of the server.

sub as_user {
    my ($self, @command) = @_;
    return @command if $> != 0;
    return ('setpriv', '--reuid=' . $self->user, '--regid=' . $self->user,
            '--clear-groups', '--pdeathsig', $self->signal, '--', @command);
}


sub start {
    my ($self) = @_;
    my $dir = $self->{dir};
    my @command = $self->as_user($self->server);
    my $pid = fork // die "fork: $!";

    if ($pid == 0) {
        chdir $dir or POSIX::_exit(127);
        open STDIN, '<', '/dev/null' or POSIX::_exit(127);
        open STDOUT, '>>', "$dir/log" or POSIX::_exit(127);
        open STDERR, '>&', \*STDOUT or POSIX::_exit(127);
        { no warnings; exec @command; }
        POSIX::_exit(127);
    }

    $self->{pid} = $pid;
    weaken($alive{$pid} = $self);

    return $self if MtaSts::answers($pid, sub { $self->answers });

    die "$command[0] did not start: " . $self->log;
}


sub answers {
    my ($self) = @_;
    my ($status) = run('SELECT 1;', $self->client($self->first));
    return $status == 0;
}


# Runs SQL and returns what it gives: lines, with tabs between columns.

sub sql {
    my ($self, $sql, %opt) = @_;
    my ($status, $out, $err) = run("$sql;\n", $self->client($opt{db} // $DB));
    die "$sql: $err" if $status;
    chomp $out;
    return $out;
}


# The server and its children: PostgreSQL's are in groups of their own.

sub family {
    my ($self) = @_;
    my %parent;

    for my $stat (glob '/proc/[0-9]*/stat') {
        open my $fh, '<', $stat or next;
        my ($pid, $ppid) = (readline($fh) // '') =~ /^(\d+) \(.*\) \S (\d+)/s
                           or next;
        $parent{$pid} = $ppid;
    }

    return $self->{pid}, grep { $parent{$_} == $self->{pid} } keys %parent;
}


sub freeze { kill 'STOP', $_[0]->family }
sub thaw { kill 'CONT', reverse $_[0]->family }


# As if the machine had lost its power, but for what the kernel remembers.

sub crash {
    my ($self) = @_;
    my @family = $self->family;

    kill 'STOP', $family[0];
    kill 'KILL', $self->family, @family;
    waitpid $self->{pid}, 0;
    delete $alive{ delete $self->{pid} };

    within(sub { !grep { kill 0, $_ } @family });
}


sub stop {
    my ($self) = @_;
    my $pid = $self->{pid} or return;
    return if $self->{owner} != $$;
    local ($?, $!);

    $self->thaw;
    kill $self->signal, $pid;

    return $self->crash unless MtaSts::ended($pid);
    delete $alive{ delete $self->{pid} };
}


sub DESTROY { $_[0]->stop }

END { $_ && $_->stop for my @all = values %alive }


# A connection that stays.

sub session {
    my ($self) = @_;
    my $session = bless { db => $self, n => 0 }, 'MtaSts::Database::Session';

    open my $err, '>', "$self->{dir}/session.err" or die "session.err: $!";
    $session->{pid} = open3($session->{in}, $session->{out}, $err,
                            $self->client($DB));

    return $session;
}


package MtaSts::Database::Session;

# Returns what it gives, once it is done.

sub sql {
    my ($self, $sql) = @_;
    $self->post($sql);
    return $self->wait;
}


# The same in two steps.

sub post {
    my ($self, $sql) = @_;
    $self->{sql} = $sql;
    syswrite $self->{in}, "$sql;\nSELECT 'done-" . ++$self->{n} . "';\n";
}


sub wait {
    my ($self) = @_;
    my $mark = "done-$self->{n}";
    my $out = '';

    until ($out =~ s/^\Q$mark\E\n//m) {
        sysread $self->{out}, $out, 4096, length $out
            or die "$self->{sql}: " . MtaSts::slurp("$self->{db}{dir}/session.err");
    }

    chomp $out;
    return $out;
}


# As when a client is killed: an open transaction is rolled back.

sub DESTROY {
    my ($self) = @_;
    local ($?, $!);

    kill 'KILL', $self->{pid};
    waitpid $self->{pid}, 0;
}


1;
