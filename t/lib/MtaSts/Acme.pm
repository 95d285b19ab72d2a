package MtaSts::Acme;

# A CA for the tests: pebble, which asks its own DNS server where the policy hosts
# are and fetches challenges from port 0 of an nginx of the tests.  It uses ports
# 3 to 7 of that nginx, and ends with the test.
#
#   my $ca = MtaSts::Acme->new($nginx, '::1');
#   my $ca = MtaSts::Acme->new($nginx, undef, dns => '192.0.2.10:53');
#   $ca->directory, $ca->api_ca, $ca->log
#
# All names are at the address that is given, or where a resolver says.  The root of the certificates is
# ca.pem in the folder of nginx, where its requests verify them.

use strict;
use warnings;

use IO::Socket::INET;
use MtaSts;
use POSIX ();

my @pids;
my $owner = $$;

END {
    if ($$ == $owner) {
        local $?;
        kill 'KILL', $_ for @pids;
        waitpid $_, 0 for @pids;
    }
}

$SIG{$_} = sub { exit 1 } for 'INT', 'TERM';


sub new {
    my ($class, $nginx, $address, %opt) = @_;
    my $self = bless { nginx => $nginx }, $class;
    my $dir = $nginx->dir;
    my $dns = $opt{dns} // '127.0.0.1:' . $nginx->port(3);
    my ($four, $six) = ($address // '') =~ /:/ ? ('', $address) : ($address, '');

    mkdir "$dir/pebble" or die "$dir/pebble: $!";

    $self->start(3, 'pebble-challtestsrv', '-dns01', $dns, '-defaultIPv4', $four,
                 '-defaultIPv6', $six, '-http01', '', '-https01', '',
                 '-tlsalpn01', '',
                 '-management', '127.0.0.1:' . $nginx->port(4))
        unless $opt{dns};

    make_cert("$dir/pebble", 'api', 'localhost');

    spew("$dir/pebble/config.json", $nginx->expand(<<'EOC'));
{
    "pebble": {
        "listenAddress": "127.0.0.1:%%PORT5%%",
        "managementListenAddress": "127.0.0.1:%%PORT6%%",
        "certificate": "%%DIR%%/pebble/api.pem",
        "privateKey": "%%DIR%%/pebble/api.key",
        "httpPort": %%PORT0%%,
        "tlsPort": %%PORT7%%,
        "ocspResponderURL": "",
        "externalAccountBindingRequired": false
    }
}
EOC

    {
        local $ENV{PEBBLE_VA_NOSLEEP} = 1;
        local $ENV{PEBBLE_WFE_NONCEREJECT} = 0;
        local $ENV{PEBBLE_AUTHZREUSE} = 0;
        $self->start(5, 'pebble', '-config', "$dir/pebble/config.json",
                     '-dnsserver', $dns, '-strict');
    }

    # its management port opens later

    my ($status, $root, $err) = run('', 'curl', '-qsS', '--max-time', 60,
        '--retry', 20, '--retry-delay', 1, '--retry-connrefused',
        '--cacert', $self->api_ca,
        'https://localhost:' . $nginx->port(6) . '/roots/0');
    die "no root from pebble: $err" if $status || $root !~ /BEGIN CERTIFICATE/;
    spew("$dir/ca.pem", $root);

    return $self;
}


sub directory {
    return 'https://localhost:' . $_[0]{nginx}->port(5) . '/dir';
}


# The CA of the API's own certificate.

sub api_ca { return $_[0]{nginx}->dir . '/pebble/ca.pem' }
sub log { return slurp($_[0]{nginx}->dir . '/logs/pebble') }


# Starts a server in the background and waits for its port.

sub start {
    my ($self, $n, @command) = @_;
    my $log = $self->{nginx}->dir . "/logs/$command[0]";
    my $pid = fork // die "fork: $!";

    if ($pid == 0) {
        open STDIN, '<', '/dev/null' or POSIX::_exit(127);
        open STDOUT, '>', $log or POSIX::_exit(127);
        open STDERR, '>&', \*STDOUT or POSIX::_exit(127);
        { no warnings; exec { $command[0] } @command; }
        print STDERR "$command[0]: $!";
        POSIX::_exit(127);
    }

    push @pids, $pid;

    return if MtaSts::answers($pid, sub {
        IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                              PeerPort => $self->{nginx}->port($n)) });

    die "$command[0] did not start: " . slurp($log);
}


# The two servers of docs/hosting.md in the test's folder: plain HTTP on port 0 of
# 127.0.0.1 and ::1, TLS on port 1.

sub servers {
    my ($conf) = @_;

    $conf =~ s{listen +80;}{listen 127.0.0.1:%%PORT0%%;} or die;
    $conf =~ s{listen +\[::\]:80;}{listen [::1]:%%PORT0%%;} or die;
    $conf =~ s{listen +443 ssl}{listen 127.0.0.1:%%PORT1%% ssl http2} or die;
    $conf =~ s{listen +\[::\]:443 ssl}{listen [::1]:%%PORT1%% ssl http2} or die;
    $conf =~ s{/etc/nginx/certs}{%%DIR%%/certs}g;
    $conf =~ s{/etc/nginx/mta-sts\.yaml}{%%DIR%%/mta-sts.yaml};
    $conf =~ s{/var/www/mta-sts}{%%DIR%%/www};

    return $conf;
}


# A script or commands of docs/hosting.md for the test's folders, group, helper
# and configuration.

sub commands {
    my ($dir, $text) = @_;
    my $helper = $MtaSts::BUILD =~ m{^/} ? "$MtaSts::BUILD/mta-sts"
                                         : "$ENV{PWD}/$MtaSts::BUILD/mta-sts";
    my $group = $> == 0 ? 'www-data' : (split ' ', $))[0];

    $text =~ s{/etc/nginx/certs}{$dir/certs}g;
    $text =~ s{/var/www/mta-sts}{$dir/www}g;
    $text =~ s{/usr/local/sbin/mta-sts-deploy}{$dir/deploy}g;
    $text =~ s{/etc/dehydrated}{$dir/dehydrated}g;
    $text =~ s{-g www-data}{-g $group}g;
    $text =~ s{\bmta-sts list}{$helper list -c $dir/nginx.conf}g;

    return $text;
}


1;
