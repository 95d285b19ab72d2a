package MtaSts::Systemd;

# Debian's systemd as PID 1 of namespaces of its own.  Its root is an overlay on this
# machine's, so that programs need not be installed again, and what is written to it is
# gone at the end.  Only the network is that of the test.
#
#   enter_world('-m');                              # see MtaSts::World
#   my $system = MtaSts::Systemd->new;
#   $system->boot;
#   $system->make('install');
#   $system->file('/etc/default/mta-sts', $text);
#   my ($status, $out, $err) = $system->run('systemctl', 'start', 'nginx');
#   $system->stop;
#
# Everything that it needs is in the mount namespace of the test, but for a cgroup.

use strict;
use warnings;

use Cwd qw(realpath);
use File::Basename qw(dirname);
use File::Find qw(finddepth);
use File::Path qw(make_path remove_tree);
use File::Temp qw(tempdir);
use MtaSts ();
use POSIX qw(:sys_wait_h);
use Scalar::Util qw(weaken);

my %alive;

# what may be wanted at boot, of the units of Debian's packages

my %WANTED = map { $_ => 1 } qw(
    sysinit.target.wants/systemd-journald.service
    sysinit.target.wants/systemd-tmpfiles-setup.service
    sockets.target.wants/dbus.socket
    sockets.target.wants/systemd-journald.socket
    sockets.target.wants/systemd-journald-dev-log.socket
);

# What the child of unshare does before it is systemd: mounts that are of its own
# namespaces.  The kernel's settings are read-only, since they are the machine's.

my $INNER = <<'EOC';
set -e
root=$1
mount -t proc proc "$root/proc"
mount -o bind,ro "$root/proc/sys" "$root/proc/sys"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
cd "$root"
pivot_root . mnt
umount -l mnt
mount --make-rshared /
exec env -i container=test PATH=/usr/sbin:/usr/bin:/sbin:/bin \
    /lib/systemd/systemd --unit=basic.target --log-target=journal --show-status=no
EOC


sub command {
    my (@command) = @_;
    my ($status, $out, $err) = MtaSts::run('', @command);
    die "systemd cannot be tested, since \"@command\" fails: $out$err" if $status;
    return $out;
}


# The root file system, which is not used yet.  After enter_world('-m').

sub new {
    my ($class) = @_;
    my $self = bless { owner => $$, dir => realpath(tempdir('mta-sts-XXXXXX',
                                                            TMPDIR => 1)) }, $class;
    my ($dir, $root) = ($self->{dir}, "$self->{dir}/root");

    $self->{root} = $root;
    weaken($alive{$dir} = $self);
    command('mount', '-t', 'tmpfs', 'tmpfs', $dir);
    chmod 0755, $dir;
    mkdir "$dir/$_" or die "$dir/$_: $!" for qw(upper work root cgroup);
    command('mount', '-t', 'cgroup2', 'cgroup2', "$dir/cgroup");
    command('mount', '-t', 'overlay', 'overlay', '-o',
            "lowerdir=/,upperdir=$dir/upper,workdir=$dir/work", $root);
    command('mount', '-t', 'tmpfs', '-o', 'mode=0755', 'tmpfs', "$root/$_")
        for qw(run tmp dev);
    chmod 01777, "$root/tmp";
    mkdir "$root/dev/$_" for qw(shm pts);
    chmod 01777, "$root/dev/shm";
    command('mount', '-t', 'devpts', '-o', 'newinstance,ptmxmode=0666', 'devpts',
            "$root/dev/pts");

    for my $device (map { "/dev/$_" } qw(null zero full random urandom tty)) {
        MtaSts::spew("$root$device", '');
        command('mount', '--bind', $device, "$root$device");
    }

    symlink '/proc/self/fd', "$root/dev/fd";
    symlink 'pts/ptmx', "$root/dev/ptmx";
    $self->clear;

    return $self;
}


# Removes what this machine would start, and what it has of ours.

sub clear {
    my ($self) = @_;
    my $root = $self->{root};

    remove_tree("$root/etc/systemd/system", "$root/etc/default/mta-sts",
                glob("$root/etc/mta-sts*"),
                glob("$root/{etc,lib,usr/local/lib}/systemd/system/mta-sts*"),
                glob("$root/{usr/,usr/local/}lib/{sysusers,tmpfiles}.d/mta-sts*"),
                "$root/var/lib/nginx-mta-sts", "$root/var/lib/mta-sts-follow",
                "$root/var/spool/mta-sts", "$root/var/log/journal");
    make_path("$root/etc/systemd/system");

    for my $link (glob "$root/lib/systemd/system/*.wants/*") {
        unlink $link unless $WANTED{$link =~ s{.*/(?=.*/)}{}r};
    }

    for my $file (map { "/etc/$_" } qw(passwd group shadow gshadow)) {
        my $text = MtaSts::slurp("$root$file");
        MtaSts::spew("$root$file", $text) if $text =~ s/^_nginx-mta-sts:.*\n//mg;
    }

    $self->file('/etc/fstab', '');
    $self->file('/etc/hostname', "systemd.test\n");
    $self->file('/etc/machine-id', sprintf "%08x%024x\n", time, $$);
}


sub root { return $_[0]{root} }


# A file of the system, with its folders.

sub file {
    my ($self, $name, $text, $mode) = @_;
    my $path = "$self->{root}$name";
    make_path(dirname($path));
    die "$name: a link leads out of the system"
        if index(realpath(dirname($path)), $self->{root}) != 0;
    unlink $path;
    MtaSts::spew($path, $text);
    chmod $mode, $path if $mode;
}


sub read {
    my ($self, $name) = @_;
    my $path = "$self->{root}$name";
    return -e $path ? MtaSts::slurp($path) : '';
}


# Runs make for what is built, with a target that installs.

sub make {
    my ($self, $target) = @_;
    local %ENV = %ENV;
    delete @ENV{qw(MAKEFLAGS MFLAGS MAKEOVERRIDES MAKELEVEL)};

    # units are filled in for their places

    my $build = $target eq 'install-services' ? "$self->{dir}/build" : $MtaSts::PLAIN;
    command('make', '-s', "DESTDIR=$self->{root}", "BUILD=$build", $target);
}


# Starts it; returns when it has nothing more to start.

sub boot {
    my ($self) = @_;
    my $cgroups = "$self->{dir}/cgroup";

    $self->leftover($_) for grep { /-(\d+)\z/ && !kill 0, $1 } glob "$cgroups/mta-sts-test-*";
    $self->{cgroup} = "$cgroups/mta-sts-test-$$";
    mkdir $self->{cgroup} or die "$self->{cgroup}: $!";

    my $pid = fork // die "fork: $!";

    if ($pid == 0) {
        MtaSts::spew("$self->{cgroup}/cgroup.procs", 0);
        open STDIN, '<', '/dev/null' or POSIX::_exit(127);
        open STDOUT, '>', "$self->{dir}/log" or POSIX::_exit(127);
        open STDERR, '>&', \*STDOUT or POSIX::_exit(127);
        exec qw(setpriv --pdeathsig KILL unshare --mount --pid --uts --ipc --cgroup
                --fork --kill-child sh -c), $INNER, 'sh', $self->{root}
            or POSIX::_exit(127);
    }

    $self->{unshare} = $pid;

    for (1 .. 1200) {
        last if waitpid($pid, WNOHANG) != 0;
        ($self->{pid}) = split ' ', MtaSts::slurp("/proc/$pid/task/$pid/children")
            unless $self->{pid};
        return $self->run('systemctl', 'is-system-running', '--wait')
            if -S "/proc/@{[$self->{pid} || 'none']}/root/run/systemd/private";
        select undef, undef, undef, 0.05;
    }

    die "systemd did not start: " . MtaSts::slurp("$self->{dir}/log");
}


# Runs a program in it, as root; returns what run() does.

sub run {
    my ($self, @command) = @_;
    return MtaSts::run('', 'nsenter', '-t', $self->{pid}, '-m', '-p', '-u', '-i', '-C',
                       '-r', '-w', 'env', '-i', 'LC_ALL=C.UTF-8',
                       'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
                       @command);
}


sub shell {
    my ($self, $text) = @_;
    return $self->run('sh', '-ec', $text);
}


# Properties of a unit, as "systemctl show" has them.

sub show {
    my ($self, $unit, @names) = @_;
    my (undef, $out) = $self->run('systemctl', 'show', $unit, map { "--property=$_" } @names);
    my %value = map { split /=/, $_, 2 } split /\n/, $out;
    return join ' ', map { $value{$_} // '' } @names;
}


# What a unit has said; the journal may have it some time after the unit has ended.

sub journal {
    my ($self, $unit) = @_;
    $self->run('journalctl', '--sync');
    return ($self->run('journalctl', '-q', '-o', 'cat', $unit ? ('-u', $unit) : ()))[1];
}


# Ends all that runs in it: PID 1 takes all processes of its namespace along.  Returns
# what is left of it.

sub stop {
    my ($self) = @_;
    return unless $self->{owner} == $$ && delete $alive{$self->{dir}};
    local ($?, $!);

    if (my $pid = delete $self->{unshare}) {
        kill 'KILL', $self->{pid} || $pid;
        waitpid $pid, 0;
    }

    my @left = $self->{cgroup} ? $self->leftover(delete $self->{cgroup}) : ();
    MtaSts::run('', 'umount', '-R', '-l', $self->{dir});
    rmdir $self->{dir};
    return @left, grep { -e } $self->{dir};
}


# A cgroup without processes, and those below.  The last process may be about to end.

sub leftover {
    my ($self, $cgroup) = @_;

    my $gone = MtaSts::within(sub {
        finddepth({ no_chdir => 1, wanted => sub { rmdir if -d } }, $cgroup);
        return !-d $cgroup;
    });

    return $gone ? () : $cgroup;
}


sub DESTROY { $_[0]->stop }

# before the one of File::Temp, as long as programs can be run

END { $_ && $_->stop for my @all = values %alive }


1;
