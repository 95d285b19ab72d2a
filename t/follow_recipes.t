#!/usr/bin/perl

# docs/follow.md: etcd and Redis as sources, by the scripts of the document; and those
# for Consul and Kubernetes, with answers that have the shape of their documents.

use strict;
use warnings;

use lib 't/lib';
use File::Temp qw(tempdir);
use IO::Socket::INET;
use JSON::PP;
use MIME::Base64 qw(encode_base64);
use MtaSts;
use MtaSts::Docs qw(snippet);
use MtaSts::Follow qw(within policies table_of);
use POSIX qw(:sys_wait_h);
use Test::More;

my $dir = tempdir(CLEANUP => 1);
my (%pids, @locks);

chmod 0755, $dir;
policies("$dir/p.yaml");

sub port {
    my ($port, $lock) = MtaSts::free_port();
    push @locks, $lock;
    return $port;
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

my $title = 'Lines: etcd, Redis, Consul, Kubernetes';

SKIP: {
    skip 'no etcd here', 1 if (run('', 'which', 'etcd'))[0]
                              || (run('', 'which', 'etcdctl'))[0];

    my ($client, $peer) = (port(), port());
    my %env = (ETCDCTL_API => 3, ETCDCTL_ENDPOINTS => "http://127.0.0.1:$client");
    my $ctl = sub { my @args = @_; return within(sub {
        (run('', 'env', (map { "$_=$env{$_}" } keys %env), 'etcdctl', @args))[0] == 0 }) };

    start('etcd', 'etcd', '--data-dir', "$dir/etcd", '--listen-client-urls',
          "http://127.0.0.1:$client", '--advertise-client-urls',
          "http://127.0.0.1:$client", '--listen-peer-urls', "http://127.0.0.1:$peer",
          '--initial-advertise-peer-urls', "http://127.0.0.1:$peer",
          '--initial-cluster', "default=http://127.0.0.1:$peer");
    ok($ctl->('put', 'mta-sts/a.example', 'hosted'), 'etcd')
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

# Consul: each answer waits for a change, which is a line in a file here.

sub kv {
    my %value = @_;
    return encode_json([map { {
        LockIndex => 0, Key => "mta-sts/$_", Flags => 0, CreateIndex => 10,
        Value => defined $value{$_} ? encode_base64($value{$_}, '') : undef,
        ModifyIndex => 11 } } sort keys %value]);
}

my @answers = (
    [200, 10, kv('a.example' => 'hosted', 'b.example' => 'mode=testing mx=mx.b.example')],
    [200, 12, kv('a.example' => 'hosted', 'b.example' => "hosted\n", 'c.example' => 'try')],
    [200, 7, kv('a.example' => 'hosted', 'b.example' => 'hosted', 'n.example' => undef)],
    [500, 8, 'No cluster leader'],
);

my $consul = IO::Socket::INET->new(Listen => 5, LocalAddr => '127.0.0.1') or die;
my $consul_url = 'http://127.0.0.1:' . $consul->sockport;
pipe my $asked, my $asks or die;
my ($said, $says) = do { pipe my $from, my $to or die; ($from, $to) };

$pids{consul} = fork // die "fork: $!";

if ($pids{consul} == 0) {
    for my $answer (@answers) {
        my ($status, $index, $body) = @$answer;
        my $client = $consul->accept or last;
        my $request = '';
        while (my $line = <$client>) { $request .= $line; last if $line =~ /^\r?$/ }
        syswrite $asks, $request =~ s/\r?\n.*//sr . "\n";
        sysread $said, my $go, 1 or last;
        print $client "HTTP/1.1 $status x\r\nContent-Type: application/json\r\n"
            . "X-Consul-Index: $index\r\nX-Consul-Knownleader: true\r\n"
            . 'Content-Length: ' . length($body) . "\r\nConnection: close\r\n\r\n$body";
        close $client;
    }

    sleep 60;
    POSIX::_exit(0);
}

sub asks {
    my ($index) = @_;
    my $line = <$asked> // '';
    is($line, "GET /v1/kv/mta-sts/?recurse&wait=5m&index=$index HTTP/1.1\n",
       "Consul: waits for a change after $index");
    syswrite $says, 'x';
}

follow('consul', snippet('docs/follow.md', $title, 3), CONSUL_HTTP_ADDR => $consul_url);
asks(0);
becomes('consul', 'a.example', 'enforce');
becomes('consul', 'b.example', 'testing');
asks(10);
becomes('consul', 'c.example', 'testing');
becomes('consul', 'b.example', 'enforce');
asks(12);
becomes('consul', 'c.example', 'none');
asks(0);
ok(within(sub { waitpid($pids{'consul-follow'}, WNOHANG) != 0 }),
   'Consul fails: so does the pipe');
delete $pids{'consul-follow'};
becomes('consul', 'a.example', 'enforce');
becomes('consul', 'n.example', 'absent');
stop('consul');


# Kubernetes: an object at each change, as kubectl prints them.

sub map_of {
    my ($version, %data) = @_;
    return JSON::PP->new->pretty->encode({
        apiVersion => 'v1', kind => 'ConfigMap', %data ? (data => \%data) : (),
        metadata => { name => 'mta-sts', namespace => 'default',
                      creationTimestamp => '2026-11-26T21:00:00Z',
                      resourceVersion => "$version", uid => '0-0-0-0-0' } });
}

spew("$dir/objects", map_of(1, 'a.example' => 'hosted',
                            'b.example' => 'mode=testing mx=mx.b.example'));
spew("$dir/kubectl", "#!/bin/sh\n[ \"\$*\" = 'get configmap mta-sts --watch -o json' ] || exit 1\n"
     . "exec tail -n +1 -f $dir/objects\n");
chmod 0755, "$dir/kubectl";

sub changes {
    open my $fh, '>>', "$dir/objects" or die;
    print $fh map_of(@_);
    close $fh;
}

follow('kubernetes', snippet('docs/follow.md', $title, 4), PATH => "$dir:$ENV{PATH}");
becomes('kubernetes', 'a.example', 'enforce');
becomes('kubernetes', 'b.example', 'testing');
changes(2, 'a.example' => 'hosted', 'b.example' => 'hosted', 'c.example' => "try\n");
becomes('kubernetes', 'c.example', 'testing');
becomes('kubernetes', 'b.example', 'enforce');
changes(3, 'a.example' => 'hosted', 'b.example' => 'hosted');
becomes('kubernetes', 'c.example', 'none');
changes(4);
ok(within(sub { slurp("$dir/kubernetes-follow.log") =~ /refused: .*, it is empty;/ }),
   'Kubernetes: an object that has lost all domains is refused')
    or diag(slurp("$dir/kubernetes-follow.log"));
becomes('kubernetes', 'a.example', 'enforce');
stop('kubernetes-follow');

done_testing;
