package MtaSts::Sender;

# A sender: Postfix with Debian's postfix-mta-sts-resolver, in a world of
# MtaSts::World.  The resolver's clock is what later() says; both ask the DNS
# server at 127.0.0.1, port 53.

use strict;
use warnings;

use IO::Socket::INET;
use MtaSts;
use POSIX ();

my $PORT = 8461;


# The folder is below that of the world, whose CA is the only trusted one.

sub new {
    my ($class, $world) = @_;
    my $dir = $world->dir . '/sender';
    my $self = bless { owner => $$, dir => $dir }, $class;

    mkdir "$dir$_" for '', '/conf', '/spool', '/data';
    run('', 'chown', 'postfix', "$dir/data");

    spew("$dir/resolv.conf", "nameserver 127.0.0.1\n");
    spew("$dir/resolver.yml", "host: 127.0.0.1\nport: $PORT\n"
         . "cache: {type: internal, options: {cache_size: 100}}\n"
         . "default_zone: {strict_testing: false, timeout: 60}\n");
    $self->later(0);
    $self->start_resolver($world->ca);
    $self->start_postfix($world->ca);

    return $self;
}


# Days after now, for the resolver.

sub later {
    my ($self, $days) = @_;
    my $file = "$self->{dir}/time";
    spew("$file.new", '+' . int($days * 86400) . "\n");
    rename "$file.new", $file or die "$file: $!";
}


# With our resolv.conf, in a mount namespace of its own.

sub mounted {
    my ($self, @command) = @_;
    return ('unshare', '-m', 'sh', '-c', "mount --bind $self->{dir}/resolv.conf "
            . '/etc/resolv.conf && exec "$@"', 'sh', @command);
}


sub start_resolver {
    my ($self, $ca) = @_;
    my $dir = $self->{dir};
    my ($lib) = glob '/usr/lib/*/faketime/libfaketime.so.1';
    my $pid = fork // die "fork: $!";

    if ($pid == 0) {
        open STDOUT, '>', "$dir/resolver.log" or die;
        open STDERR, '>&', \*STDOUT or die;
        exec $self->mounted('env', "SSL_CERT_FILE=$ca", "LD_PRELOAD=$lib",
            "FAKETIME_TIMESTAMP_FILE=$dir/time", 'FAKETIME_NO_CACHE=1',
            'DONT_FAKE_MONOTONIC=1', '/usr/bin/mta-sts-daemon', '-c',
            "$dir/resolver.yml") or POSIX::_exit(127);
    }

    $self->{resolver} = $pid;

    return if MtaSts::answers($pid, sub { IO::Socket::INET->new("127.0.0.1:$PORT") });

    die 'postfix-mta-sts-resolver: ' . slurp("$dir/resolver.log");
}


sub start_postfix {
    my ($self, $ca) = @_;
    my $dir = $self->{dir};

    spew("$dir/conf/main.cf", <<"EOC");
compatibility_level = 3.6
queue_directory = $dir/spool
data_directory = $dir/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
myhostname = sender.example
mydestination =
inet_interfaces = loopback-only
maillog_file = $dir/maillog
maillog_file_prefixes = $dir
smtp_dns_support_level = enabled
smtp_tls_security_level = may
smtp_tls_CAfile = $ca
smtp_tls_loglevel = 1
smtp_tls_policy_maps = socketmap:inet:127.0.0.1:$PORT:postfix
smtp_connection_cache_on_demand = no
smtp_tls_connection_reuse = no
smtp_address_preference = ipv4
minimal_backoff_time = 3600s
EOC

    spew("$dir/conf/master.cf", join "\n",
        'pickup unix n - n 1 1 pickup', 'cleanup unix n - n - 0 cleanup',
        'qmgr unix n - n 300 1 qmgr', 'tlsmgr unix - - n 1000? 1 tlsmgr',
        'rewrite unix - - n - - trivial-rewrite', 'bounce unix - - n - 0 bounce',
        'defer unix - - n - 0 bounce', 'trace unix - - n - 0 bounce',
        'smtp unix - - n - - smtp', 'error unix - - n - - error',
        'retry unix - - n - - error', 'proxymap unix - - n - - proxymap',
        'anvil unix - - n - 1 anvil', 'scache unix - - n - 1 scache',
        'postlog unix-dgram n - n - 1 postlogd', '');

    my ($status, $out, $err) = run('', $self->mounted('/usr/sbin/postfix', '-c',
                                   "$dir/conf", 'start'));
    die "postfix: $out$err" if $status;
    $self->{postfix} = 1;
}


# Sends a mail to a domain; returns "sent", or "deferred" or "bounced" and why.

sub mail {
    my ($self, $domain) = @_;
    my $to = 'n' . ++$self->{n} . "\@$domain";
    my ($status, $out, $err) = run("Subject: test\n\ntest\n",
        '/usr/sbin/sendmail', '-C', "$self->{dir}/conf", '-f', '', $to);
    die "sendmail: $out$err" if $status;

    return within(sub {
        my ($said) = slurp("$self->{dir}/maillog")
            =~ /to=<\Q$to\E>,.* status=(sent|(?:deferred|bounced).*)/;
        $said;
    }) || die "a mail to $domain: nothing was logged";
}


# How many mails went over a connection whose certificate was verified.

sub verified {
    my ($self) = @_;
    my $count = () = slurp("$self->{dir}/maillog") =~ /: Verified TLS conn/g;
    return $count;
}


sub stop {
    my ($self) = @_;
    return unless $self->{owner} == $$;

    run('', '/usr/sbin/postfix', '-c', "$self->{dir}/conf", 'stop')
        if delete $self->{postfix};

    if (my $pid = delete $self->{resolver}) {
        kill 'TERM', $pid;
        waitpid $pid, 0;
    }
}


sub DESTROY { local $?; $_[0]->stop }


1;
