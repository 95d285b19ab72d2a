#!/usr/bin/perl

# docs/follow.md: etcd and Redis as sources, by the scripts of the document.

use strict;
use warnings;

use lib 't/lib';
use File::Temp qw(tempdir);
use IO::Socket::INET;
use MtaSts;
use MtaSts::Docs qw(snippet);
use MtaSts::Follow qw(within policies table_of);
use POSIX qw(:sys_wait_h);
use Test::More;

my $dir = tempdir(CLEANUP => 1);
my (%pids, %ports);

chmod 0755, $dir;
policies("$dir/p.yaml");

sub port {
    my $sock = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1') or die;
    return $sock->sockport;
}

# a process of its own, which ends with the test

sub start {
    my ($name, @command) = @_;
    my $pid = fork // die "fork: $!";

    if ($pid == 0) {
        setpgrp;
        open STDIN, '<', '/dev/null' or die;
        open STDOUT, '>>', "$dir/$name.log" or die;
        open STDERR, '>>', "$dir/$name.log" or die;
        { no warnings; exec '/usr/bin/setpriv', '--pdeathsig', 'KILL', '--',
                            @command; }
        POSIX::_exit(127);
    }

    $pids{$name} = $pid;
}

sub stop {
    my ($name) = @_;
    my $pid = delete $pids{$name} or return;
    local $?;
    kill -9, $pid;
    kill 'KILL', $pid;
    waitpid $pid, 0;
}

END { stop($_) for keys %pids }

# The n-th script of the document in a pipe to mta-sts follow.

sub follow {
    my ($name, $script, %env) = @_;
    spew("$dir/$name.sh", $script);
    start("$name-follow", 'env', (map { "$_=$env{$_}" } sort keys %env), 'sh', '-c',
          "sh $dir/$name.sh | exec $MtaSts::BUILD/mta-sts-follow - --table "
          . "$dir/$name.table -d $dir/p.yaml --grace 1s");
}

sub becomes {
    my ($name, $domain, $want) = @_;
    ok(within(sub {
        ((split ' ', table_of("$dir/$name.table")->{$domain} // 'absent')[0] eq $want)
    }), "$name: $domain is $want") or diag(slurp("$dir/$name-follow.log"));
}

my $title = 'Lines: etcd, Redis and others';

SKIP: {
    skip 'no etcd here', 1 if (run('', 'which', 'etcd'))[0]
                              || (run('', 'which', 'etcdctl'))[0];

    my ($client, $peer) = (port(), port());
    my %env = (ETCDCTL_API => 3, ETCDCTL_ENDPOINTS => "http://127.0.0.1:$client");
    my $ctl = sub { return run('', 'env', (map { "$_=$env{$_}" } keys %env),
                               'etcdctl', @_) };

    start('etcd', 'etcd', '--data-dir', "$dir/etcd", '--listen-client-urls',
          "http://127.0.0.1:$client", '--advertise-client-urls',
          "http://127.0.0.1:$client", '--listen-peer-urls', "http://127.0.0.1:$peer",
          '--initial-advertise-peer-urls', "http://127.0.0.1:$peer",
          '--initial-cluster', "default=http://127.0.0.1:$peer");
    ok(within(sub { ($ctl->('put', 'mta-sts/a.example', 'hosted'))[0] == 0 }), 'etcd')
        or diag(slurp("$dir/etcd.log"));
    $ctl->('put', 'mta-sts/b.example', 'mode=testing mx=mx.b.example');

    follow('etcd', snippet('docs/follow.md', $title, 1), %env);
    becomes('etcd', 'a.example', 'enforce');
    becomes('etcd', 'b.example', 'testing');
    $ctl->('put', 'mta-sts/c.example', 'try');
    becomes('etcd', 'c.example', 'testing');
    $ctl->('del', 'mta-sts/b.example');
    becomes('etcd', 'b.example', 'none');
    $ctl->('put', 'mta-sts/c.example', 'hosted');
    becomes('etcd', 'c.example', 'enforce');
    stop('etcd');
    stop('etcd-follow');
}

SKIP: {
    skip 'no redis here', 1 if (run('', 'which', 'redis-server'))[0];

    my $port = port();
    spew("$dir/redis-cli", "#!/bin/sh\nexec /usr/bin/redis-cli -p $port \"\$@\"\n");
    chmod 0755, "$dir/redis-cli";
    my $cli = sub { return run('', "$dir/redis-cli", @_) };

    start('redis', 'redis-server', '--port', $port, '--bind', '127.0.0.1', '--dir',
          $dir, '--save', '');
    ok(within(sub { ($cli->('PING'))[1] =~ /PONG/ }), 'Redis');
    $cli->('HSET', 'mta-sts', 'a.example', 'hosted', 'b.example',
           'mode=testing mx=mx.b.example');

    follow('redis', snippet('docs/follow.md', $title, 2),
           PATH => "$dir:$ENV{PATH}");
    becomes('redis', 'a.example', 'enforce');
    becomes('redis', 'b.example', 'testing');
    $cli->('HSET', 'mta-sts', 'c.example', 'try');
    becomes('redis', 'c.example', 'testing');
    $cli->('HDEL', 'mta-sts', 'b.example');
    becomes('redis', 'b.example', 'none');

    # it ends with the engine, and the table stays

    stop('redis');
    ok(within(sub { waitpid($pids{'redis-follow'}, WNOHANG) != 0 }),
       'Redis ends: so does the pipe');
    delete $pids{'redis-follow'};
    becomes('redis', 'a.example', 'enforce');
}

done_testing;
