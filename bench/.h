#!/usr/bin/perl

# What a full TLS handshake and one request for a policy cost the server, with
# the settings that docs/performance.md advises, one after the other; in
# instructions of the worker, counted by callgrind, as the difference of a long
# and a short run.
#
# Then the same with certificates by name, with and without a cache, compared with
# a fixed one: instructions, CPU seconds of the worker, and its memory.
#
# The client speaks TLS 1.3, offers X25519 and has no session to resume, as
# senders do; the certificate is ECDSA P-256, and RSA 2048 to compare.
#
# usage: bench/handshakes [settings | names]...

use strict;
use warnings;

use lib 't/lib', 'bench';
use Bench;
use IO::Socket::SSL;
use IO::Socket::SSL::Utils;
use MtaSts;
use POSIX ();

use constant { SHORT => 20, LONG => 120, MANY => 1000, CPU => 300 };

my $suites = 'TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384';

my @settings = (
    ['nginx as it comes', ''],
    ['RSA 2048 instead of P-256', '', 'rsa'],
    ['ssl_session_tickets off', 'ssl_session_tickets off;'],
    ['... and NumTickets 0',
     'ssl_session_tickets off; ssl_conf_command NumTickets 0;'],
    ['... and Ciphersuites with AES-128 first', 'ssl_session_tickets off; '
     . "ssl_conf_command NumTickets 0; ssl_conf_command Ciphersuites $suites;"],
    ['... and ssl_prefer_server_ciphers on', 'ssl_session_tickets off; '
     . "ssl_conf_command NumTickets 0; ssl_conf_command Ciphersuites $suites; "
     . 'ssl_prefer_server_ciphers on;'],
);

sub settings {
    my $base;

    printf "%-40s %14s %8s\n", 'TLS settings', 'instructions', 'ratio';

    for my $setting (@settings) {
        my ($name, $conf, $rsa) = @$setting;
        my $nginx = MtaSts->new("server { listen 127.0.0.1:%%PORT0%% ssl; "
            . 'ssl_certificate %%DIR%%/one.pem; '
            . 'ssl_certificate_key %%DIR%%/one.key; '
            . "ssl_protocols TLSv1.2 TLSv1.3; server_name mta-sts.example.com; "
            . "mta_sts_mx mail.example.com; $conf }");

        make_cert($nginx->dir, 'one', 'mta-sts.example.com');

        if ($rsa) {
            my $dir = $nginx->dir;
            my ($status, $out, $err) = run('', 'openssl', 'req', '-x509', '-nodes',
                '-newkey', 'rsa:2048', '-subj', '/CN=test', '-CA', "$dir/ca.pem",
                '-CAkey', "$dir/ca.key", '-addext',
                'subjectAltName=DNS:mta-sts.example.com', '-keyout',
                "$dir/one.key", '-out', "$dir/one.pem");
            die $err if $status;
        }

        my $cost = Bench::per_one($nginx, SHORT, LONG, sub {
            for (1 .. $_[0]) {
                my $got = $nginx->get(0, 'mta-sts.example.com',
                                      sni => 'mta-sts.example.com');
                die $got unless $got =~ m{^HTTP/1.1 200};
            }
        });

        $base //= $cost;
        printf "%-40s %14.0f %8.3f\n", $name, $cost, $cost / $base;
    }
}


# Hosts 0 .. $n - 1, each with a chain of its certificate and an intermediate one,
# and a key of its own; with RSA, too, if asked.  Issuing them is the client's
# time, not nginx's.

sub certificates {
    my ($dir, $n, $rsa) = @_;
    my ($ca, $ca_key) = CERT_create(CA => 1, subject => { CN => 'CA' },
                                    key => KEY_create_ec());
    my ($rsa_ca, $rsa_ca_key) = CERT_create(CA => 1, subject => { CN => 'CA' });
    my $rsa_key = KEY_create_rsa(2048);

    mkdir "$dir/certs";

    for my $i (0 .. $n - 1) {
        one_certificate("$dir/certs/" . host($i), $i, KEY_create_ec(), $ca,
                        $ca_key);
        one_certificate("$dir/certs/" . host($i) . '.rsa', $i, $rsa_key,
                        $rsa_ca, $rsa_ca_key) if $rsa;
    }

    # files that were just written are read again

    sleep 4;
}


sub one_certificate {
    my ($file, $i, $key, $ca, $ca_key) = @_;
    my $host = host($i);
    my ($cert) = CERT_create(subject => { CN => $host }, key => $key,
        subjectAltNames => [[DNS => $host]], issuer => [$ca, $ca_key]);

    MtaSts::spew("$file.pem", PEM_cert2string($cert) . PEM_cert2string($ca));
    MtaSts::spew("$file.key", PEM_key2string($key));
    CERT_free($cert);
}


sub host { return sprintf 'mta-sts.d%05d.example', $_[0] }


# A server for $n hosts, whose certificates are in $dir already.

sub by_name {
    my ($dir, $n, $name, $conf, $rsa) = @_;
    my $pair = "ssl_certificate $dir/certs/$name.pem; "
        . "ssl_certificate_key $dir/certs/$name.key; ";

    $pair .= $pair =~ s/$name\K\./.rsa./gr if $rsa;

    return MtaSts->new("server { listen 127.0.0.1:%%PORT0%% ssl; $pair"
        . 'ssl_protocols TLSv1.2 TLSv1.3; server_name mta-sts.*; '
        . "mta_sts_domains %%DIR%%/d.yaml; $conf }",
        'd.yaml' => "domains:\n"
            . join '', map { sprintf "  d%05d.example: { mx: mx }\n", $_ }
              0 .. $n - 1);
}


# Fetches the policies of $count hosts, one after the other.

sub fetch {
    my ($nginx, $n, $count) = @_;

    for my $i (0 .. $count - 1) {
        my $host = host($i % $n);
        my $sock = IO::Socket::SSL->new(PeerAddr => '127.0.0.1:'
            . $nginx->port(0), SSL_hostname => $host,
            SSL_verify_mode => SSL_VERIFY_NONE)
            or die "$host: $SSL_ERROR";

        print $sock "GET /.well-known/mta-sts.txt HTTP/1.1\r\nHost: $host\r\n"
            . "Connection: close\r\n\r\n";
        local $/;
        <$sock> =~ m{^HTTP/1.1 200} or die $host;
    }
}


# CPU seconds of a process.

sub cpu {
    my ($pid) = @_;
    my @stat = split ' ', MtaSts::slurp("/proc/$pid/stat") =~ s/.*\)//sr;
    return ($stat[11] + $stat[12]) / POSIX::sysconf(POSIX::_SC_CLK_TCK());
}


sub names {
    my $documented = $settings[-1][1];
    my $variable = '$mta_sts_host';
    my $cache = 'mta_sts_certificate_cache max=' . MANY . ';';

    my @rows = (
        ['fixed', host(0), 1, ''],
        ['by name', $variable, 1, ''],
        ['by name, cache, 1 host', $variable, 1, $cache],
        ['by name, cache, 100 hosts', $variable, 100, $cache],
        ['by name, cache, ' . MANY . ' hosts', $variable, MANY, $cache],
        ['fixed, documented settings', host(0), 1, $documented],
        ['by name', $variable, 1, $documented],
        ['by name, cache, 1 host', $variable, 1, "$cache $documented"],
        ['fixed, RSA and ECDSA', host(0), 1, '', 'rsa'],
        ['by name', $variable, 1, '', 'rsa'],
        ['by name, cache, 1 host', $variable, 1, $cache, 'rsa'],
    );

    my $store = MtaSts->new('');
    my $dir = $store->dir;
    certificates($dir, MANY, 0);
    my $few = MtaSts->new('');
    certificates($few->dir, 1000, 1);

    printf "%-34s %12s %7s %9s %7s\n", 'certificates', 'instructions', 'ratio',
        'CPU, us', 'ratio';

    my $fixed;

    for my $row (@rows) {
        my ($name, $file, $n, $conf, $rsa) = @$row;
        my $nginx = by_name($rsa ? $few->dir : $dir, $n, $file, $conf, $rsa);
        my $get = sub { fetch($nginx, $n, $_[0]) };
        my $cost = Bench::per_one_warm($nginx, SHORT, LONG, $get,
                                       $n > 1 ? sub { $get->($n) } : undef);

        $nginx->start;
        $get->($n);

        my $worker = Bench::worker($nginx);
        my $before = cpu($worker);
        $get->(CPU);
        my $cpu = (cpu($worker) - $before) / CPU * 1e6;
        Bench::quit($nginx);

        $fixed = [$cost, $cpu] if $name =~ /^fixed/;
        printf "%-34s %12.0f %7.3f %9.0f %7.2f\n", $name, $cost,
            $cost / $fixed->[0], $cpu, $cpu / $fixed->[1];
    }

    for my $case (['one EC pair', $dir, 0], ['RSA and EC', $few->dir, 1]) {
        my ($name, $from, $rsa) = @$case;
        my $nginx = by_name($from, 1000, $variable, $cache, $rsa);

        $nginx->start;
        my $worker = Bench::worker($nginx);
        fetch($nginx, 100, 100);
        my $before = Bench::memory($worker)->{anon};
        fetch($nginx, 1000, 1000);
        my $grown = Bench::memory($worker)->{anon} - $before;
        Bench::quit($nginx);

        printf "%-34s %12.1f KB for each host\n", "memory, $name",
            $grown * 1024 / 900;
    }
}


my %parts = (settings => \&settings, names => \&names);

$parts{$_}->() for @ARGV ? @ARGV : ('settings', 'names');
