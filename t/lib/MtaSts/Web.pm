package MtaSts::Web;

# Debian's Apache and Caddy, with a configuration of the test and none of the
# packages', in the network of MtaSts::World.

use strict;
use warnings;

use File::Temp qw(tempdir);
use IO::Socket::SSL;
use MtaSts;

my $ETC = '/etc/apache2/mods-available';

# what Debian's package enables, and what "a2enmod ssl macro" adds

my @MODULES = qw(mpm_event access_compat alias auth_basic authn_core authn_file
                 authz_core authz_host authz_user autoindex deflate dir env
                 filter mime negotiation reqtimeout setenvif socache_shmcb ssl
                 macro);


# Apache with a configuration.

sub apache {
    my ($class, $conf, $ports) = @_;
    my $self = bless { owner => $$, dir => tempdir('mta-sts-XXXXXX',
                       TMPDIR => 1, CLEANUP => 1) }, $class;
    my $dir = $self->{dir};

    chmod 0755, $dir;
    spew("$dir/apache.conf", "ServerRoot $dir\nPidFile $dir/pid\n"
         . "DefaultRuntimeDir $dir\nErrorLog $dir/error.log\n"
         . "ServerName localhost\nUser www-data\nGroup www-data\n"
         . "Listen 443\n<Directory />\nAllowOverride None\n"
         . "Require all denied\n</Directory>\n"
         . join('', map { "Include $_\n" } grep { -e }
                    map { ("$ETC/$_.load", "$ETC/$_.conf") } @MODULES)
         . $conf);

    my %env = (APACHE_RUN_DIR => $dir, APACHE_LOG_DIR => $dir,
               APACHE_PID_FILE => "$dir/pid", APACHE_LOCK_DIR => $dir);
    my @command = ('/usr/sbin/apache2', '-f', "$dir/apache.conf");

    my ($status, $out, $err) = run('', 'env', (map { "$_=$env{$_}" }
                                               sort keys %env), @command, '-t');
    die "apache2 -t: $out$err" if $status;

    return $self->start(\%env, @command, '-D', 'FOREGROUND');
}


# Caddy with a configuration; certificates are of its own authority, and there
# for each host once it is returned.

sub caddy {
    my ($class, $conf, @hosts) = @_;
    my $self = bless { owner => $$, dir => tempdir('mta-sts-XXXXXX',
                       TMPDIR => 1, CLEANUP => 1) }, $class;
    my $dir = $self->{dir};

    spew("$dir/Caddyfile", "{\n    admin off\n    local_certs\n"
         . "    skip_install_trust\n}\n\n$conf");

    my %env = (XDG_DATA_HOME => "$dir/data", XDG_CONFIG_HOME => "$dir/config",
               HOME => $dir);
    my @config = ('--config', "$dir/Caddyfile", '--adapter', 'caddyfile');

    my ($status, $out, $err) = run('', 'env', (map { "$_=$env{$_}" }
                                               sort keys %env),
                                   'caddy', 'validate', @config);
    die "caddy validate: $out$err" if $status;

    $self->start(\%env, 'caddy', 'run', @config);

    return $self if within(sub { !(@hosts = grep { !handshake($_) } @hosts) });

    die "caddy has no certificate for @hosts: " . $self->log;
}


sub handshake {
    my ($host) = @_;
    return IO::Socket::SSL->new(PeerAddr => '127.0.0.1:443',
        SSL_hostname => $host, SSL_verify_mode => 0, Timeout => 10);
}


# The root of Caddy's certificates.

sub ca {
    return "$_[0]{dir}/data/caddy/pki/authorities/local/root.crt";
}


sub log { return slurp("$_[0]{dir}/log") }


sub start {
    my ($self, $env, @command) = @_;

    $self->{pid} = fork // die "fork: $!";

    if ($self->{pid} == 0) {
        @ENV{keys %$env} = values %$env;
        open STDIN, '<', '/dev/null';
        open STDOUT, '>', "$self->{dir}/log";
        open STDERR, '>&', \*STDOUT;
        exec(@command) or POSIX::_exit(127);
    }

    return $self if MtaSts::answers($self->{pid}, sub {
        IO::Socket::INET->new(PeerAddr => '127.0.0.1:443') });

    die "@command: " . $self->log;
}


sub stop {
    my ($self) = @_;
    return unless $self->{owner} == $$ && $self->{pid};

    kill 'TERM', $self->{pid};
    waitpid delete $self->{pid}, 0;
}


sub DESTROY { local $?; $_[0]->stop }


1;
