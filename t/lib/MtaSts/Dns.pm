package MtaSts::Dns;

# Real DNS servers for the tests: what a record means, and whether it got there,
# is for BIND, NSD, Knot, PowerDNS and Unbound to say.  Each server has a folder
# of its own, a free port of loopback, and ends with the test.
#
#   my $dns = MtaSts::Dns->knot(zones => { 'a.example' => '_x TXT "y"' });
#   is(join(' ', $dns->dig('_x.a.example', 'TXT')), '"y"');
#
# named, nsd, knot and pdns take zones, a hash of name => text (see zone_text);
# unbound takes stubs, a hash of name => server.  named and knot take key => 1
# for a TSIG key "mta-sts", in key_file, that may update every zone, or for
# named do what update says.  With an address they have it and port 53, in a
# network of the test's own.  All take conf, more lines for the server's own
# section of its configuration; knot takes zone, more lines for each zone.

use strict;
use warnings;

use Exporter qw(import);
use File::Copy qw(copy);
use File::Spec;
use File::Temp qw(tempdir);
use IO::Socket::INET;
use MIME::Base64;
use MtaSts qw(run slurp spew);
use POSIX qw(:sys_wait_h);
use Scalar::Util qw(weaken);

our @EXPORT_OK = qw(zone_text);

my $KEY = 'mta-sts';
my $SCHEMA = '/usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql';

my %alive;


# A whole zone from records that may be relative to it; with an SOA among them
# they are a whole zone already.

sub zone_text {
    my ($zone, $text) = @_;
    return $text if $text =~ /\sSOA\s/;
    return "\$ORIGIN $zone.\n\$TTL 60\n"
        . "@ SOA ns hostmaster 1 3600 600 86400 60\n"
        . "@ NS ns\nns A 127.0.0.1\n$text\n";
}


# Such a port that other tests do not take as long as this object lives.

sub free_port {
    my ($self) = @_;
    my ($port, $lock) = MtaSts::free_port();

    push @{ $self->{locks} }, $lock;

    return $port;
}


sub new {
    my ($class, %opt) = @_;
    my $self = bless { owner => $$, conf => $opt{conf} // '',
                       zones => $opt{zones} // {},
                       update => $opt{update},
                       address => $opt{address} // '127.0.0.1',
                       zone => $opt{zone} // '' }, $class;

    # the path of a unix socket has 107 bytes

    my $tmp = File::Spec->tmpdir;
    $self->{dir} = tempdir('mta-sts-dns-XXXXXX', CLEANUP => 1,
                           DIR => length $tmp < 70 ? $tmp : '/tmp');
    $self->{port} = $opt{address} ? 53 : $self->free_port;

    $self->write_zone($_) for $self->zones;

    if ($opt{key}) {
        open my $fh, '<:raw', '/dev/urandom' or die "/dev/urandom: $!";
        read $fh, my $secret, 32;
        $self->{secret} = encode_base64($secret, '');
        spew($self->key_file, "key \"$KEY\" {\n    algorithm hmac-sha256;\n"
             . "    secret \"$self->{secret}\";\n};\n");
        chmod 0600, $self->key_file;
    }

    return $self;
}


sub dir { return $_[0]{dir} }
sub port { return $_[0]{port} }
sub address { return $_[0]{address} }
sub pid { return $_[0]{pid} }
sub zones { return sort keys %{ $_[0]{zones} } }
sub zone_file { return "$_[0]{dir}/$_[1].zone" }
sub key_file { return "$_[0]{dir}/tsig.key" }
sub url { return "http://127.0.0.1:$_[0]{http}" }
sub api_key { return $_[0]{api_key} }
sub log { return slurp("$_[0]{dir}/log") }


sub write_zone {
    my ($self, $zone) = @_;
    spew($self->zone_file($zone),
         zone_text($zone, $self->{zones}{$zone}));
}


# Starts the server and waits until it knows each of @names.

sub start {
    my ($self, $binary, $args, @names) = @_;
    my $dir = $self->{dir};
    my ($name) = $binary =~ m{([^/]+)\z};

    # AppArmor lets the packaged path read few folders, and not this one

    copy($binary, "$dir/$name") or die "$binary: $!";
    chmod 0755, "$dir/$name";

    # from setpriv the server learns of a test that was killed, and ends; in a
    # process group of its own, children can be ended with it

    my $pid = fork // die "fork: $!";

    if ($pid == 0) {
        setpgrp 0, 0;
        chdir $dir or POSIX::_exit(127);
        open STDIN, '<', '/dev/null' or POSIX::_exit(127);
        open STDOUT, '>', "$dir/log" or POSIX::_exit(127);
        open STDERR, '>&', \*STDOUT or POSIX::_exit(127);
        { no warnings; exec '/usr/bin/setpriv', '--pdeathsig', 'TERM', '--',
                            "$dir/$name", @$args; }
        print STDERR "setpriv: $!";
        POSIX::_exit(127);
    }

    $self->{pid} = $pid;
    weaken($alive{$pid} = $self);

    my $until = time + $MtaSts::PATIENCE;
    my $why = 'did not answer in time';

    while (time <= $until) {
        if (waitpid($pid, WNOHANG) != 0) {
            $why = sprintf 'ended with status %d, signal %d', $? >> 8, $? & 127;
            delete $alive{$pid};
            delete $self->{pid};
            last;
        }
        return $self if $self->answers(@names);
        select undef, undef, undef, 0.05;
    }

    my $log = -e "$dir/log" ? $self->log : '';
    $self->stop;
    die "$name $why: $log";
}


sub answers {
    my ($self, @names) = @_;
    my ($status, $out) = $self->ask('+tries=1', '+time=1', '+short',
                                    map { ($_, 'SOA') } @names);
    my $got = () = $out =~ /^[^;\s]\S* \S+ \d+ /mg;

    return $got == @names && (!$self->{http} || IO::Socket::INET->new(
        PeerAddr => '127.0.0.1', PeerPort => $self->{http}));
}


sub ask {
    my ($self, @args) = @_;
    local $ENV{LC_ALL} = 'C';
    return run('', '/usr/bin/dig', '-r', "\@$self->{address}", '-p',
               $self->{port}, @args);
}


# What dig +short prints, as a list of lines; @more are options for dig.

sub dig {
    my ($self, $name, $type, @more) = @_;
    my ($status, $out, $err) = $self->ask('+short', @more, $name, $type);
    die "dig $name $type: $out$err" if $status;
    return grep { !/^;/ } split /\n/, $out;
}


sub stop {
    my ($self) = @_;
    my $pid = delete $self->{pid} or return;
    return if $self->{owner} != $$;
    local ($?, $!);

    delete $alive{$pid};

    for (1 .. 200) {
        kill 'TERM', $pid if $_ % 20 == 1;
        last if waitpid($pid, WNOHANG) != 0;
        select undef, undef, undef, 0.05;
    }

    # children of NSD may outlive it for a moment, and hold the port

    kill 'KILL', -$pid;
    waitpid $pid, 0;
}


sub DESTROY { $_[0]->stop }


# before the one of File::Temp, which takes the folders away

END { $_ && $_->stop for my @all = values %alive }


sub named {
    my $self = new(@_);
    my $dir = $self->{dir};
    my $key = $self->{secret} ? "allow-update { key \"$KEY\"; };" : '';
    $key = $self->{update} if $self->{update};
    my $include = $key && "include \"" . $self->key_file . '";';
    my $zones = join '', map {
        "zone \"$_\" { type primary; file \"" . $self->zone_file($_)
        . "\"; $key };\n" } $self->zones;

    # a lock file is for the one named of a system; 9.20 has none any more

    my ($version) = (run('', 'named', '-v'))[1] =~ /^BIND 9\.(\d+)/;
    my $lock = $version < 20 ? 'lock-file none;' : '';

    spew("$dir/named.conf", <<"EOC");
$include
controls { };
options {
    directory "$dir";
    pid-file none;
    $lock
    allow-transfer { any; };
    session-keyfile "$dir/session.key";
    listen-on port $self->{port} { $self->{address}; };
    listen-on-v6 { none; };
    recursion no;
    notify no;
    dnssec-validation no;
    $self->{conf}
};
$zones
EOC

    return $self->start('/usr/sbin/named', ['-g', '-4', '-n', 1, '-c',
                        "$dir/named.conf"], $self->zones);
}


sub nsd {
    my $self = new(@_);
    my $dir = $self->{dir};
    my $zones = join '', map {
        "zone:\n    name: \"$_\"\n    zonefile: \"" . $self->zone_file($_)
        . "\"\n" } $self->zones;

    spew("$dir/nsd.conf", <<"EOC");
server:
    ip-address: $self->{address}
    port: $self->{port}
    do-ip6: no
    server-count: 1
    username: ""
    chroot: ""
    database: ""
    pidfile: ""
    xfrdfile: ""
    xfrdir: "$dir"
    zonesdir: "$dir"
    zonelistfile: "$dir/zone.list"
    verbosity: 1
    $self->{conf}
remote-control:
    control-enable: no
$zones
EOC

    return $self->start('/usr/sbin/nsd', ['-d', '-c', "$dir/nsd.conf"],
                        $self->zones);
}


# For knotc: -s, with knot.sock in the folder.

sub knot {
    my $self = new(@_);
    my $dir = $self->{dir};
    my ($keys, $acl) = ('', '');

    if ($self->{secret}) {
        $keys = "key:\n  - id: $KEY\n    algorithm: hmac-sha256\n"
              . "    secret: $self->{secret}\n"
              . "acl:\n  - id: update\n    key: $KEY\n    action: update\n";
        $acl = "    acl: update\n";
    }

    my $zones = join '', map {
        "  - domain: $_\n    file: " . $self->zone_file($_) . "\n$acl"
        . $self->{zone} } $self->zones;

    spew("$dir/knot.conf", <<"EOC");
server:
    rundir: $dir
    listen: $self->{address}\@$self->{port}
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
    $self->{conf}
control:
    listen: knot.sock
database:
    storage: $dir
    journal-db-max-size: 16M
    kasp-db-max-size: 16M
    timer-db-max-size: 16M
log:
  - target: stderr
    any: info
${keys}zone:
$zones
EOC

    return $self->start('/usr/sbin/knotd', ['-c', "$dir/knot.conf"],
                        $self->zones);
}


# With its API on a port of its own.  For pdnsutil: --config-dir, the folder.

sub pdns {
    my $self = new(@_);
    my $dir = $self->{dir};

    $self->{http} = $self->free_port;
    $self->{api_key} = join '', map { sprintf '%08x', rand 2 ** 32 } 1 .. 4;

    # nothing is cached, nor the list of zones: a change is seen at once;
    # no question about security to a server of PowerDNS

    spew("$dir/pdns.conf", <<"EOC");
launch=gsqlite3
gsqlite3-database=$dir/pdns.sqlite3
gsqlite3-pragma-synchronous=0
local-address=$self->{address}
local-port=$self->{port}
socket-dir=$dir
write-pid=no
daemon=no
guardian=no
disable-syslog=yes
receiver-threads=1
distributor-threads=1
cache-ttl=0
query-cache-ttl=0
negquery-cache-ttl=0
zone-cache-refresh-interval=0
security-poll-suffix=
webserver=yes
webserver-address=127.0.0.1
webserver-port=$self->{http}
webserver-allow-from=127.0.0.1
api=yes
api-key=$self->{api_key}
$self->{conf}
EOC

    # the API counts the serial up in zones that it made, and so here

    my @util = ('/usr/bin/pdnsutil', '--config-dir', $dir);

    for my $step (['/usr/bin/sqlite3', "$dir/pdns.sqlite3", ".read $SCHEMA"],
                  map { ([@util, 'load-zone', $_, $self->zone_file($_)],
                         [@util, 'set-meta', $_, 'SOA-EDIT-API', 'DEFAULT']) }
                  $self->zones)
    {
        my ($status, $out, $err) = run('', @$step);
        die "@$step: $out$err" if $status;
    }

    return $self->start('/usr/sbin/pdns_server', ["--config-dir=$dir"],
                        $self->zones);
}


# A resolver that asks the servers of $opt{stubs}, and else a root zone of its
# own that has no names: nothing leaves this machine.

sub unbound {
    my ($class, %opt) = @_;
    my $self = $class->new(%opt);
    my $dir = $self->{dir};
    my $stubs = join '', map {
        my $of = $opt{stubs}{$_};
        my $addr = ref $of ? $of->address . '@' . $of->port : "127.0.0.1\@$of";
        "stub-zone:\n    name: \"$_\"\n    stub-addr: $addr\n"
        } sort keys %{ $opt{stubs} };

    spew("$dir/root.zone", ". 60 SOA . . 1 3600 600 86400 60\n"
         . ". 60 NS localhost.\n");
    spew("$dir/unbound.conf", <<"EOC");
server:
    interface: $self->{address}\@$self->{port}
    access-control: 0.0.0.0/0 allow
    do-ip6: no
    num-threads: 1
    so-reuseport: no
    do-daemonize: no
    username: ""
    chroot: ""
    directory: "$dir"
    pidfile: ""
    use-syslog: no
    logfile: ""
    verbosity: 1
    module-config: "iterator"
    do-not-query-localhost: no
    outgoing-port-avoid: 0-32767
    $self->{conf}
remote-control:
    control-enable: no
auth-zone:
    name: "."
    zonefile: "$dir/root.zone"
    for-downstream: no
    for-upstream: yes
    fallback-enabled: no
$stubs
EOC

    return $self->start('/usr/sbin/unbound', ['-d', '-c', "$dir/unbound.conf"],
                        '.');
}


1;
