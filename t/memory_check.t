#!/usr/bin/perl

# Memory may run out anywhere in what looks at the live world, in our code,
# c-ares and libcurl, with lookups and transfers under way: the command says so,
# claims nothing about a domain because of it, and gives all back.

use strict;
use warnings;

use lib 't/lib';
use IO::Socket::SSL;
use MtaSts;
use MtaSts::Fault;
use MtaSts::World;
use Test::More;

enter_world();

$ENV{PATH} .= ':/usr/sbin:/sbin';

my $world = MtaSts::World->new;
my $dir = $world->dir;

# two domains with the same mail server, one of which has no policy host

spew("$dir/d.yaml", "mode: enforce\nmx: mx.good.example\n"
     . "tlsrpt_rua: mailto:x\@a.example\ndomains:\n  a.example: {}\n");
spew("$dir/two.yaml", slurp("$dir/d.yaml") . "  b.example: {}\n");

my $body = (helper('policy', '-d', "$dir/d.yaml", 'a.example'))[1];
my ($id) = (helper('list', '-d', "$dir/d.yaml"))[1] =~ / ([0-9a-f]{20}) /;

my $host = $world->cert('host', ['mta-sts.a.example']);
my $mx = $world->cert('mx', ['mx.good.example']);

$world->dns(join "\n", "mta-sts.a A 192.0.2.1\nmta-sts.a AAAA 2001:db8::1",
            'mx.good A 192.0.2.2',
            map { ("_mta-sts.$_ TXT \"v=STSv1; id=$id;\"", "$_ MX 1 mx.good",
                   "_smtp._tls.$_ TXT \"v=TLSRPTv1; rua=mailto:x\@a.example\"")
                } 'a', 'b');
$world->nginx(web('mta-sts.a.example', $host,
                  'default_type text/plain; return 200 "' . $body . '";',
                  listen => ['192.0.2.1', '[2001:db8::1]']));

$world->listener('192.0.2.2', 25, sub {
    my ($client) = @_;
    print $client "220 mx.good.example\r\n";

    while (<$client>) {
        if (/^EHLO/i) {
            print $client "250-mx.good.example\r\n250 STARTTLS\r\n";
        } elsif (/^STARTTLS/i) {
            print $client "220 go on\r\n";
            IO::Socket::SSL->start_SSL($client, SSL_server => 1,
                SSL_cert_file => "$mx.pem", SSL_key_file => "$mx.key")
                or return;
        } else {
            print $client "250 well\r\n";
        }
    }
});


# What does not depend on when it is asked.

sub shape {
    my ($out) = @_;
    $out =~ s/^mta_sts_check_timestamp_seconds \K.*//m;
    return join "\n", sort split /\n|(?=\{)|(?<=\}),? ?/, $out;
}


# A healthy domain has status 0, and what could not be seen 3.

sub judge {
    my ($run, $whole) = @_;

    # certificates are in the order of their handshakes

    if ($run->{status} == $whole->{status}) {
        return shape($run->{out}) eq shape($whole->{out}) && $run->{err} eq $whole->{err}
               ? undef : 'not what it is otherwise';
    }

    return "status $run->{status}" if $run->{status} != $whole->{unseen};
    return 'said nothing of memory'
        if $run->{err} !~ /^mta-sts: (?:out of memory|libcurl cannot start)$/m;
    # a plugin's line is of its own for what is not known

    return if $run->{out} =~ /^MTA-STS UNKNOWN - /;
    return 'printed something else'
        if $run->{out} ne substr $whole->{out}, 0, length $run->{out};
    return;
}

sub memory {
    my ($status, @args) = @_;
    MtaSts::Fault->new(
        command => ["$MtaSts::BUILD/t/fault/mta-sts", @args, '--resolver',
                    $world->resolver, '--ca', $world->ca, '--timeout', '2'],
        skip => 'crypto ssl',
        judge => sub { $_[1]{unseen} = $status; return judge(@_) })
        ->exhaust(join ' ', map { s/^\Q$dir\E\///r } @args);
}

memory(3, 'check', '-d', "$dir/d.yaml");

for my $format (qw(json prometheus nagios)) {
    memory(3, 'check', '-d', "$dir/d.yaml", '-f', $format);
}

memory(3, 'check', '--no-config', 'a.example');
memory(1, 'records', '-d', "$dir/d.yaml", '--served');
memory(1, 'records', '-d', "$dir/two.yaml", '--changed', '--ttl', '1h');

done_testing();
