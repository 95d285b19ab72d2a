#!/usr/bin/perl

# Handshakes go on while certificates are renewed in the ways of certbot and
# dehydrated and by overwriting files, and over reloads and a worker's end.

use strict;
use warnings;

use lib 't/lib';
use MtaSts;
use MtaSts::Tls;
use Test::More;
use Time::HiRes qw(sleep time);

use constant { CLIENTS => 2, RENEWALS => 6 };

my $nginx = MtaSts->new(<<'EOC');
server {
    listen 127.0.0.1:%%PORT0%% ssl;
    server_name mta-sts.a.example;
    ssl_certificate live/$mta_sts_host/fullchain.pem;
    ssl_certificate_key live/$mta_sts_host/privkey.pem;
    ssl_protocols TLSv1.2 TLSv1.3;
    mta_sts_mx mx.example;
    mta_sts_certificate_cache max=10 valid=0;
}
EOC

my $dir = $nginx->dir;
my $sni = 'mta-sts.a.example';
my $live = "$dir/live/$sni";

mkdir $_ for "$dir/live", $live;
make_cert($dir, $_, $sni) for 0 .. 3;

my %known = map { file_serial("$dir/$_.pem") => 1 } 0 .. 3;

sub now { return serial_of($nginx, 0, $sni) }


# Clients that handshake until &$during has returned; how many handshakes there
# were, and what those that failed said.

sub load {
    my ($during) = @_;
    my (@pids, $n);
    my @failed;

    unlink "$dir/enough";

    for my $client (1 .. CLIENTS) {
        my $pid = fork // die "fork: $!";

        if ($pid == 0) {
            my ($count, $bad) = (0, '');

            until (-e "$dir/enough") {
                my $got = now();
                $count++;
                $bad .= "$got\n" unless $known{$got};
            }

            spew("$dir/client.$client", "$count\n$bad");
            POSIX::_exit(0);
        }

        push @pids, $pid;
    }

    $during->();
    spew("$dir/enough", '');

    for my $client (1 .. CLIENTS) {
        waitpid $pids[$client - 1], 0;

        my ($count, @bad) = split /\n/, slurp("$dir/client.$client");
        $n += $count;
        push @failed, @bad;
    }

    return ($n, @failed);
}


# The files of one of the pairs, as a client of ACME names them.

my %pem = ('fullchain.pem' => 'pem', 'privkey.pem' => 'key');

sub pair { return map { [$_, slurp("$dir/$_[0].$pem{$_}")] } sort keys %pem }


# dehydrated: new files, then each symlink is replaced

sub dehydrated {
    my ($i, $serial) = @_;

    spew("$live/$serial-$_->[0]", $_->[1]) for pair($i);

    for my $name (reverse sort keys %pem) {
        symlink "$serial-$name", "$live/next" or die $!;
        rename "$live/next", "$live/$name" or die $!;
        sleep 0.2;
    }
}


# certbot: new files, then each symlink goes and comes

sub certbot {
    my ($i, $serial) = @_;

    spew("$live/$serial-$_->[0]", $_->[1]) for pair($i);

    for my $name (sort keys %pem) {
        unlink "$live/$name";
        sleep 0.1;
        symlink "$serial-$name", "$live/$name" or die $!;
        sleep 0.1;
    }
}


# cp: the same file, empty, then half, then whole

sub overwrite {
    my ($i) = @_;

    for my $file (pair($i)) {
        my ($name, $text) = @$file;

        open my $fh, '>', "$live/$name" or die $!;
        $fh->autoflush(1);
        sleep 0.1;
        print $fh substr $text, 0, 100;
        sleep 0.1;
        print $fh substr $text, 100;
        close $fh or die $!;
    }
}


dehydrated(0, 0);
$nginx->start;
is(now(), file_serial("$dir/0.pem"), 'the first certificate');

my $serial = 0;

for my $way (['dehydrated', \&dehydrated], ['certbot', \&certbot],
             ['overwritten in place', \&overwrite])
{
    my ($name, $renew) = @$way;

    unlink glob "$live/*" if $renew == \&overwrite;

    my ($n, @failed) = load(sub {
        $renew->($_ % 4, "$name-$_") for 1 .. RENEWALS;
    });

    cmp_ok($n, '>', 5, "$name: handshakes");
    is("@failed", '', '... and none failed');

    my $last = file_serial("$dir/" . RENEWALS % 4 . '.pem');
    ok(within(sub { now() eq $last }), '... and the last one is in use');
}


# reloads between renewals, and a worker's end; a new worker has no last good
# pair until its first handshake

{
    my ($n, @failed) = load(sub {
        for (1 .. 3) {
            certbot($_, "reload-$_");
            $nginx->reload;
            now();
        }
    });

    cmp_ok($n, '>', 5, 'reload: handshakes');
    is("@failed", '', '... and none failed');
}

my ($worker) = $nginx->children;

kill 'KILL', $worker;
ok(within(sub { !kill(0, $worker) && $nginx->children }), 'a worker is killed');

is(now(), file_serial("$dir/3.pem"), '... and another one answers');

$nginx->stop(qr/exited on signal 9/);

my @lines = slurp("$dir/logs/error.log") =~ /cannot be renewed, the one before/g;

cmp_ok(scalar(@lines), '>', 0, 'half a renewal is in the log');

done_testing();
