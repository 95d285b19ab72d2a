package MtaSts::World;

# A network of its own, with what a domain's mail needs: DNS (nsd and
# unbound), web servers (nginx), mail servers (Postfix) and a CA.  Ports are the
# real ones: the network namespace is empty.

use strict;
use warnings;

use Exporter qw(import);
use File::Temp qw(tempdir);
use IO::Socket::INET;
use JSON::PP ();
use IO::Socket::SSL::Utils qw(CERT_create KEY_create_ec KEY_create_rsa
                              PEM_cert2string PEM_key2string);
use MtaSts;
use MtaSts::Dns;
use POSIX ();

our @EXPORT = qw(enter_world web look_again);

my $DAY = 86400;


# Re-executes the test in a network namespace, with 192.0.2.1 to .40 and 2001:db8::1 to ::5 on
# its loopback; packets to 198.18.0.0/15 vanish, other addresses have no route.  Arguments are
# further options of unshare, such as -m.

sub enter_world {
    MtaSts::enter_namespace(@_);

    for my $args ('link set lo up',
                  (map { "addr add 192.0.2.$_/32 dev lo" } 1 .. 40),
                  (map { "addr add 2001:db8::$_/128 dev lo nodad" } 1 .. 5),
                  'link add void type veth peer name void1',
                  'link set void1 up', 'link set void arp off up',
                  'addr add 198.18.255.254/15 dev void') {
        my ($status, $out, $err) = run('', 'ip', split / /, $args);
        die "ip $args: $err" if $status;
    }
}


sub new {
    my ($class) = @_;
    my $self = bless { owner => $$, dir => tempdir('mta-sts-XXXXXX',
                       TMPDIR => 1, CLEANUP => 1) }, $class;

    chmod 0755, $self->{dir};
    $self->{ca} = $self->authority('ca');
    $self->{strange} = $self->authority('strange');
    $self->{middle} = $self->authority('middle', $self->{ca});
    $self->{old} = $self->authority('old', $self->{ca}, -1);

    return $self;
}


sub dir { return $_[0]{dir} }
sub ca { return "$_[0]{dir}/ca.pem" }


# A root certificate, or an intermediate that a root has signed.

sub authority {
    my ($self, $name, $issuer, $days) = @_;
    my $key = KEY_create_ec();
    my ($cert) = CERT_create(CA => 1, key => $key,
                             $issuer ? (issuer => $issuer) : (),
                             not_before => time - 60 * $DAY,
                             not_after => time + ($days // 3650) * $DAY,
                             subject => { commonName => "test $name" });
    spew("$self->{dir}/$name.pem", PEM_cert2string($cert));
    return [$cert, $key];
}


# A certificate for DNS names, or with cn only for a common name.  Its issuer is
# the root, or $opt{issuer}, which with chain is part of the file; undef: itself.
# With rsa its key has so many bits, otherwise it is of a curve.

sub cert {
    my ($self, $file, $names, %opt) = @_;
    my $key = $opt{rsa} ? KEY_create_rsa($opt{rsa})
            : KEY_create_ec($opt{curve} // 'prime256v1');
    my $issuer = exists $opt{issuer} ? $opt{issuer} : 'ca';
    my ($cert) = CERT_create(
        key => $key, $issuer ? (issuer => $self->{$issuer}) : (),
        not_before => time + ($opt{from} // -30) * $DAY,
        not_after => time + ($opt{to} // 60) * $DAY,
        subject => { commonName => $opt{cn} // $opt{common} // 'test' },
        purpose => $opt{purpose} // 'server', $opt{ext} ? (ext => $opt{ext}) : (),
        $opt{cn} ? ()
                 : (subjectAltNames => [map { [DNS => $_] } @$names]));

    spew("$self->{dir}/$file.pem", PEM_cert2string($cert)
         . ($opt{chain} ? slurp("$self->{dir}/$opt{issuer}.pem") : ''));
    spew("$self->{dir}/$file.key", PEM_key2string($key));
    return "$self->{dir}/$file";
}


# The DNS: records of zone example, names for which every query is refused, and
# names below those which are answered.

sub dns {
    my ($self, $records, $dead, $alive) = @_;

    $self->{nsd} = MtaSts::Dns->nsd(zones => { example => $records },
                                     conf => 'rrl-ratelimit: 0');
    $self->{refuses} = MtaSts::Dns->nsd(zones => { other => '' });
    $self->{unbound} = MtaSts::Dns->unbound(stubs => {
        example => $self->{nsd}, (map { $_ => $self->{refuses} } @$dead),
        map { $_ => $self->{nsd} } @$alive },
        conf => "cache-min-ttl: 0\n    cache-max-ttl: 200000");
}


sub resolver { return '127.0.0.1:' . $_[0]{unbound}->port }


# A value of OPENSSL_CONF: by default, OpenSSL refuses a key of 1024 bits and TLS 1.1.

sub weak_openssl {
    my ($self) = @_;

    spew("$self->{dir}/openssl.cnf", <<'EOC');
openssl_conf = conf
[conf]
ssl_conf = ssl
[ssl]
system_default = system
[system]
CipherString = DEFAULT:@SECLEVEL=0
EOC
    return "$self->{dir}/openssl.cnf";
}


# A server block for a host.

sub web {
    my ($host, $cert, $inside, %opt) = @_;
    my $listen = join ' ', map { "listen $_:443 ssl;" }
                 @{ $opt{listen} // ['192.0.2.1'] };
    my $tls = $opt{tls} // 'TLSv1.2 TLSv1.3';
    my $certs = join '', map { "ssl_certificate $_.pem; "
                               . "ssl_certificate_key $_.key; " }
                         $cert, @{ $opt{certs} // [] };
    return "server { $listen server_name $host; ${certs}ssl_protocols $tls; "
         . "$inside }\n";
}


# What "check -f json" printed about domains.  A machine that is busy makes answers slow:
# such domains, but for @slow, are looked at again with $check until their answers are not.

sub look_again {
    my ($json, $check, @slow) = @_;
    my %slow = map { $_ => 1 } @slow;
    my $list = eval { JSON::PP::decode_json($json) } // return;

    MtaSts::within(sub {
        my %new = map { $_->{domain} => undef } grep { !$slow{ $_->{domain} }
                  && grep { $_->{code} eq 'policy-slow' } @{ $_->{findings} } } @$list;
        return 1 unless %new;

        $new{ $_->{domain} } = $_ for @{ JSON::PP::decode_json($check->(sort keys %new)) };
        $_ = $new{ $_->{domain} } // $_ for @$list;
        return;
    });

    return $list;
}


sub nginx {
    my ($self, $http, %files) = @_;
    $self->{nginx} = MtaSts->new("server { listen 127.0.0.1:%%PORT0%%; }\n"
                                 . $http, %files)->start;
}


# Postfix, with a server and settings for each address.

sub postfix {
    my ($self, %servers) = @_;
    my $dir = "$self->{dir}/postfix";

    mkdir "$dir$_" for '', '/conf', '/spool', '/data';
    run('', 'chown', 'postfix', "$dir/data");

    spew("$dir/conf/main.cf", <<"EOC");
compatibility_level = 3.6
queue_directory = $dir/spool
data_directory = $dir/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
myhostname = mx.good.example
inet_interfaces = all
maillog_file = $dir/maillog
maillog_file_prefixes = $dir
smtpd_tls_security_level = may
smtpd_client_connection_count_limit = 0
smtpd_peername_lookup = no
import_environment = MAIL_CONFIG MAIL_DEBUG MAIL_LOGTAG TZ LANG=C POSTLOG_SERVICE
    POSTLOG_HOSTNAME OPENSSL_CONF
EOC

    spew("$dir/conf/master.cf", join "\n", (map {
        "$_:25 inet n - n - - smtpd"
            . join '', map { " -o $_" } @{ $servers{$_} } } sort keys %servers),
        'tlsmgr unix - - n 1000? 1 tlsmgr', 'anvil unix - - n - 1 anvil',
        'rewrite unix - - n - - trivial-rewrite',
        'proxymap unix - - n - - proxymap',
        'cleanup unix n - n - 0 cleanup', 'qmgr unix n - n 300 1 qmgr',
        'postlog unix-dgram n - n - 1 postlogd', '');

    my ($status, $out, $err) = run('', '/usr/sbin/postfix', '-c',
                                   "$dir/conf", 'start');
    die "postfix: $out$err" if $status;
    $self->{postfix} = 1;
}


# A server written in Perl for an address and port: $code handles each connection
# in a process of its own.

sub listener {
    my ($self, $address, $port, $code) = @_;
    my $sock = IO::Socket::INET->new(LocalAddr => $address, Listen => 64,
                                     LocalPort => $port, ReuseAddr => 1)
               or die "$address:$port: $!";
    my $pid = fork // die "fork: $!";

    if ($pid == 0) {
        setpgrp 0, 0;
        $SIG{CHLD} = 'IGNORE';
        $SIG{PIPE} = 'IGNORE';

        while (my $client = $sock->accept) {
            next if fork;
            alarm 120;
            eval { $code->($client) };
            POSIX::_exit(0);
        }
        POSIX::_exit(0);
    }

    push @{ $self->{listeners} }, $pid;
}


sub stop {
    my ($self) = @_;
    return unless $self->{owner} == $$;

    run('', '/usr/sbin/postfix', '-c', "$self->{dir}/postfix/conf", 'stop')
        if delete $self->{postfix};

    for my $pid (@{ delete $self->{listeners} // [] }) {
        kill 'TERM', -$pid, $pid;
        waitpid $pid, 0;
    }

    delete $self->{$_} for qw(nginx unbound nsd refuses);
}


sub DESTROY { local $?; $_[0]->stop }


1;
