#!/usr/bin/perl

# The spool for TLS reports: what is stored and what is refused, that a file is
# complete or absent whatever the client, the disk or another nginx does, and that
# the spool stays within its bounds.

use strict;
use warnings;

use lib 't/lib';
use File::Temp qw(tempdir);
use IO::Socket::INET;
use MtaSts;
use Test::More;
use Time::HiRes qw(sleep);

my $GZIP = 'Content-Type: application/tlsrpt+gzip';


# What the directive takes

my $server = 'server { listen 127.0.0.1:%%PORT0%%; location = /r {';

for my $case (
    ['mta_sts_reports spool;', '"mta_sts_reports" directive is not allowed here'],
    ["$server\nmta_sts_reports; } }",
     'invalid number of arguments in "mta_sts_reports" directive'],
    ["$server mta_sts_reports spool;\nmta_sts_reports spool; } }",
     '"mta_sts_reports" directive is duplicate'],
    (map { ["$server\nmta_sts_reports $_; } }", 'invalid directory "'
            . s/^"|"$//gr . '", must be one for reports alone, without variables, '
            . '"." and ".."'] } qw("" / . ./s s/../t a//b $x /s/$x)),
    map { ["$server\nmta_sts_reports spool $_; } }",
           "invalid parameter \"$_\", must be \"size=SIZE\", \"files=NUMBER\" or "
           . '"bytes=SIZE"'] } qw(size=0 size=x files=0 files=-1 bytes= sise=1m),
) {
    my ($conf, $text) = @$case;
    my ($rc, $said) = MtaSts->new($conf)->test;
    is($rc, 1, "refused: $conf");
    like($said, qr/\Q$text\E/, '... in these words');
}

my ($rc, $said) = MtaSts->new("$server mta_sts_reports spool; }\n"
    . 'location /s { mta_sts_reports spool files=7; } }')->test;
is($rc, 1, 'one directory has one set of limits');
like($said, qr/"mta_sts_reports spool" has other limits in \S+nginx\.conf:\d/,
     '... with the place of the other directive');


for my $case (['', 'size=5m', 1], ['client_max_body_size 5m;', 'size=5m', 0],
              ['client_max_body_size 0;', 'size=5m', 0], ['', '', 0])
{
    my ($conf, $options, $warns) = @$case;
    ($rc, $said) = MtaSts->new("$server $conf mta_sts_reports spool $options; } }")
                   ->test;
    is($rc, 0, "taken: $conf $options");
    is($said =~ m{\[warn\][ ].*"mta_sts_reports"[ ]takes[ ]5242880[ ]bytes,[ ]but
                  [ ]"client_max_body_size"[ ]is[ ]1048576[ ]in[ ]\S+:\d}x ? 1 : 0, $warns,
       $warns ? '... with a warning' : '... without a warning');
}


# An instance, and what is in its spool

sub instance {
    my ($options, %more) = @_;
    my $nginx = MtaSts->new(<<"EOC");
@{[ $more{http} // '' ]}
server {
    listen       127.0.0.1:%%PORT0%% @{[ $more{listen} // '' ]};
    client_max_body_size 100m;
    client_body_timeout 1h;
    access_log logs/access.log;
    location = /r { mta_sts_reports @{[ $more{dir} // 'spool' ]} $options; }
    location = /short {
        client_body_timeout 100ms;
        mta_sts_reports @{[ $more{dir} // 'spool' ]} $options;
    }
    location / { return 204; }
}
EOC
    $nginx->start;
    return $nginx;
}

sub files {
    my ($dir) = @_;
    opendir my $dh, $dir or die "$dir: $!";
    my @names = sort grep { !/^\.\.?$/ } readdir $dh;
    return @names;
}

# A file has a number for its name until it is complete.

sub complete {
    my ($dir) = @_;
    return grep { !/^\d+$/ } files($dir);
}

sub settled {
    my ($dir, $n) = @_;
    return within(sub { files($dir) == $n });
}

sub post {
    my ($nginx, @args) = @_;
    my ($status, $out) = run('', 'curl', '-s', '-o', '/dev/null', '-w',
                             '%{http_code}', '-m', 60, @args,
                             'http://127.0.0.1:' . $nginx->port(0) . '/r');
    return $out;
}

my $nginx = instance('size=300k');
my $spool = $nginx->dir . '/spool';

is(post($nginx, '-H', $GZIP, '--data-binary', 'abc'), 201, 'a report is taken');

my @files = files($spool);

is(scalar @files, 1, '... as one file');
like($files[0], qr/^\d+\.\d{3}-\d+-\d+-[0-9a-f]+_127\.0\.0\.1\.gz$/,
     '... named by time, address and type');
is(slurp("$spool/$files[0]"), 'abc', '... with the bytes of the body');
is(sprintf('%o', (stat "$spool/$files[0]")[2] & 07777), '640',
   '... that the group may read');

unlink "$spool/$files[0]";

for my $type ('application/tlsrpt+json', 'Application/TLSRPT+gzip; x=y',
              'application/gzip', 'application/json', 'application/tlsrpt',
              'application/tlsrpt+zip')
{
    is(post($nginx, '-H', "Content-Type: $type", '--data-binary', 'x'), 201,
       "$type is taken");
}

is(scalar(grep { /\.json$/ } files($spool)), 2, 'the names say which are JSON');

for my $type ('text/plain', 'application/tlsrpt+gzipp', '') {
    is(post($nginx, '-H', "Content-Type: $type", '--data-binary', 'x'), 415,
       "\"$type\" is not");
}

is(post($nginx, '-X', $_), 405, "$_ is not allowed") for qw(GET PUT DELETE);

my $answer = $nginx->http(0, "GET /r HTTP/1.0\r\n\r\n");

like($answer, qr/^Allow: POST\r$/m, '... and the answer says what is');
is(post($nginx, '-H', $GZIP, '--data-binary', ''), 400, 'an empty body is refused');
is(scalar files($spool), 6, 'what is refused leaves nothing');

unlink map { "$spool/$_" } files($spool);


# Large bodies, in each way that HTTP has

my $dir = tempdir(CLEANUP => 1);
my $large = join '', map { chr rand 256 } 1 .. 250_000;

spew("$dir/large", $large);
spew("$dir/larger", $large . $large);

for my $case (['Content-Length'],
              ['chunks', '-H', 'Transfer-Encoding: chunked'],
              ['Expect', '-H', 'Expect: 100-continue'],
              ['HTTP/1.0', '-0'])
{
    my ($name, @args) = @$case;

    is(post($nginx, @args, '-H', $GZIP, '--data-binary', "\@$dir/large"), 201,
       "$name: a large report");
    my @new = files($spool);
    ok(@new == 1 && slurp("$spool/$new[0]") eq $large, '... is complete');
    is(post($nginx, @args, '-H', $GZIP, '--data-binary', "\@$dir/larger"), 413,
       '... and one over the limit is refused');
    ok(settled($spool, 1), '... and leaves nothing');
    unlink "$spool/$new[0]";
}

my $h2 = instance('size=300k', listen => 'http2');
my $h2_spool = $h2->dir . '/spool';

is(post($h2, '--http2-prior-knowledge', '-H', $GZIP, '--data-binary',
        "\@$dir/large"), 201, 'HTTP/2: a large report');
my @h2 = files($h2_spool);
ok(@h2 == 1 && slurp("$h2_spool/$h2[0]") eq $large, '... is complete');

# curl 7.88 shows no status when the stream is reset after the answer

isnt(post($h2, '--http2-prior-knowledge', '-H', $GZIP, '-H', 'Content-Length:',
          '--data-binary', "\@$dir/larger"), 201, '... one over the limit is not');
ok(within(sub { slurp($h2->dir . '/logs/access.log')
                =~ /"POST \/r HTTP\/2.0" 413 .*\Z/ }),
   '... but is refused with 413');
ok(settled($h2_spool, 1), '... and leaves nothing');
$h2->stop;


# Clients that are slow, stop, or go away

my $head = "POST /r HTTP/1.1\r\nHost: x\r\n$GZIP\r\nContent-Length: 1000\r\n\r\n";

sub client {
    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                       PeerPort => $nginx->port(0)) or die $!;
    print $socket @_;
    $socket->flush;
    return $socket;
}

my $slow = client($head);

for (1 .. 10) {
    print $slow 'y' x 100;
    $slow->flush;
    sleep 0.05;
}

like(scalar <$slow>, qr{^HTTP/1.1 201 }, 'a body in small pieces');
close $slow;

my @slow = files($spool);
is(slurp("$spool/$slow[0]"), 'y' x 1000, '... is complete');
unlink "$spool/$slow[0]";

my $gone = client($head, 'z' x 500);
ok(settled($spool, 1), 'a body that is not complete is in the spool');
like((files($spool))[0], qr/^\d+$/, '... under a number');
close $gone;
ok(settled($spool, 0), '... and goes with its client');

my $silent = client($head =~ s/r/short/r, 'z' x 500);
like(scalar(<$silent> // "HTTP/1.1 408\n"), qr/ 408/, 'a silent client times out');
close $silent;
ok(settled($spool, 0), '... and leaves nothing');

is($nginx->http(0, "POST /r HTTP/1.1\r\nHost: x\r\n$GZIP\r\n"
        . "Content-Length: 1\r\n\r\naGET / HTTP/1.1\r\nHost: x\r\n"
        . "Connection: close\r\n\r\n") =~ /^HTTP\/1.1 201 .*^HTTP\/1.1 204 /ms, 1,
   'a request after a report on the same connection');

$nginx->stop;


# Bounds: number and bytes of the files, also with a second nginx; and the reader
# makes room

my $full = instance('files=3 bytes=100k size=10k');
my $full_spool = $full->dir . '/spool';

is(post($full, '-H', $GZIP, '--data-binary', 'x'), 201, "report $_ of 3") for 1 .. 3;
is(post($full, '-H', $GZIP, '--data-binary', 'x'), 503, 'the fourth is refused');
like($full->http(0, "POST /r HTTP/1.0\r\n$GZIP\r\nContent-Length: 1\r\n\r\nx"),
     qr/^Retry-After: \d+\r$/m, '... for a time');
is(scalar files($full_spool), 3, '... and is not there');
$full->stop;

SKIP: {
    skip 'no library can be loaded before a sanitizer', 11
        if $ENV{ASAN_OPTIONS};

    my $clock = tempdir(CLEANUP => 1) . '/clock';
    my @faked = qw(LD_PRELOAD FAKETIME_TIMESTAMP_FILE FAKETIME_NO_CACHE
                   FAKETIME_DONT_FAKE_MONOTONIC);
    my $small = do {
        local @ENV{@faked} = ((glob '/usr/lib/*/faketime/libfaketime.so.1')[0], $clock, 1, 1);
        local $MtaSts::MAIN = $MtaSts::MAIN . join '', map { " env $_;" } @faked;
        spew($clock, '+0');
        chmod 0755, $clock =~ s/\/clock//r;
        instance('files=2 bytes=100k size=10k');
    };
    my $small_spool = $small->dir . '/spool';
    my $five = sub { join ' ', map { post($small, '-H', $GZIP, '--data-binary', 'x') } 1 .. 5 };
    my $said = sub {
        return join '|', map { s/.*\[error\] \S+ (?:\*\d+ )?//r =~ s/, client:.*//r }
                         grep { /\[error\]/ } split /\n/, slurp($small->dir . '/logs/error.log');
    };
    my $line = "spool \"$small_spool\" is full, with \"files=2\" and \"bytes=102400\", and TLS "
        . 'reports are answered with 503: run "mta-sts reports add", or raise these limits';

    is($five->(), '201 201 503 503 503', 'a spool that is full');
    is($said->(), $line, '... is one line in the log');
    unlink map { "$small_spool/$_" } files($small_spool);
    spew($clock, '+61');
    is($five->(), '201 201 503 503 503', '... and when it is full again');
    is($said->(), "$line|$line", '... another one');
    spew($clock, '+122');
    is($five->(), '503 503 503 503 503', '... and when it still is');
    is($said->(), "$line|$line", '... none');

    unlink map { "$small_spool/$_" } files($small_spool);
    spew("$small_spool/large.json", 'x' x 98_000);

    for my $seconds (183, 244) {
        spew($clock, "+$seconds");
        is(post($small, '-H', $GZIP, '--data-binary', 'x' x 6000), 503,
           '... and with less room than for a report');
        is($said->(), "$line|$line", '... none');
    }

    $small->stop;
}

my $bytes = instance('bytes=25k size=10k');
my $ten = '@' . "$dir/ten";
spew("$dir/ten", 'x' x 10_000);
spew("$dir/forty", 'x' x 40_000);
is(post($bytes, '-H', $GZIP, '--data-binary', $ten), 201, "10 kB, $_") for 1, 2;
is(post($bytes, '-H', $GZIP, '--data-binary', $ten), 503, 'not over the sum');
$bytes->stop;

my $shared = tempdir(CLEANUP => 1);
chmod 0777, $shared;
my @two = map { instance('files=4', dir => $shared) } 1, 2;
my $both = 0;

for (1 .. 3) {
    $both += post($_, '-H', $GZIP, '--data-binary', 'x') == 201 for @two;
}

is(scalar files($shared), $both, 'two nginx on one spool lose nothing');
$_->stop for @two;

unlink map { "$shared/$_" } files($shared);
@two = map { instance('', dir => $shared) } 1, 2;

my (undef, $codes) = run('', 'curl', '-s', '-Z', '--parallel-max', 40, '-m', 300,
    '-H', $GZIP, '--data-binary', $ten, '-w', "%{http_code}\n", map {
    ('http://127.0.0.1:' . $_->port(0) . '/r?[1-100]', '-o', '/dev/null') } @two);

is(join(' ', map { $_ // '' } $codes =~ /^201$/mg), join(' ', (201) x 200),
   '200 reports to both at once');
is(scalar(grep { -s "$shared/$_" == 10_000 } files($shared)), 200,
   '... are 200 complete files');

unlink map { "$shared/$_" } files($shared);
spew("$shared/0000000001", 'left by a killed worker');
spew("$shared/notes", 'of somebody else');
utime time - 7200, time - 7200, map { "$shared/$_" } qw(0000000001 notes);
$_->stop for @two;

my $after = instance('files=2', dir => $shared);
is(post($after, '-H', $GZIP, '--data-binary', 'x'), 201, 'a scan finds the room');
is(scalar(grep { /^\d+$/ } files($shared)), 0,
   '... and removes what was never completed');
is(slurp("$shared/notes"), 'of somebody else', '... and nothing else');
$after->stop;

unlink map { "$shared/$_" } files($shared);
my $last = instance('files=1', dir => $shared);
my @begun = map {
    my $sock = IO::Socket::INET->new(PeerAddr => '127.0.0.1:' . $last->port(0));
    syswrite $sock, "POST /r HTTP/1.0\r\n$GZIP\r\nContent-Length: 2\r\n\r\nx";
    $sock;
} 1 .. 5;
ok(settled($shared, 1), 'of five reports that begin at once, one has room');
syswrite $_, 'x' for @begun;
is(join(' ', sort map { (<$_> // '') =~ /^HTTP\S+ (\d+)/ } @begun),
   '201 503 503 503 503', '... and the others are refused');
@begun = ();
ok(settled($shared, 1), '... and is there');
$last->stop;

my $held = instance('bytes=100k size=50k');
my $held_spool = $held->dir . '/spool';
my @unfinished = map {
    my $sock = IO::Socket::INET->new(PeerAddr => '127.0.0.1:' . $held->port(0));
    syswrite $sock, "POST /r HTTP/1.0\r\n$GZIP\r\nContent-Length: 40000\r\n\r\n"
                    . 'x' x 39_999;
    $sock;
} 1 .. 5;
ok(settled($held_spool, 2), 'bytes that are being uploaded are reserved');
is(post($held, '-H', $GZIP, '--data-binary', $ten), 201, '... not more than these');
is(post($held, '-H', $GZIP, '--data-binary', '@' . "$dir/forty"), 503, '... are');
@unfinished = ();
ok(settled($held_spool, 1), '... until the client goes away');
is(post($held, '-H', $GZIP, '--data-binary', '@' . "$dir/forty"), 201,
   '... and then there is room');
$held->stop;


# What a killed worker had reserved is released by its successor, and if it has
# none, by the next scan

for my $reloads ($ENV{MTA_STS_TEST_SLOW} ? (0, 1) : 0) {
    my $killed = instance('files=1');
    my $spool = $killed->dir . '/spool';
    my @report = ($killed, '-H', $GZIP, '--data-binary', 'x');
    my ($worker) = $killed->children;

    my $client = IO::Socket::INET->new(PeerAddr => '127.0.0.1:' . $killed->port(0));
    syswrite $client, "POST /r HTTP/1.0\r\n$GZIP\r\nContent-Length: 2\r\n\r\nx";
    ok(settled($spool, 1), 'a report is being uploaded');
    is(post(@report), 503, '... and reserves room');

    if ($reloads) {
        kill 'HUP', $killed->{pid};
        ok(within(sub { grep { $_ != $worker } $killed->children }),
           '... while nginx reloads');
    }

    kill 'KILL', $worker;
    ok(within(sub { my @now = $killed->children; @now == 1 && $now[0] != $worker }),
       '... to a worker that is killed');

    my $room = sub { post(@report) == 201 };
    ok($reloads ? within($room, 300) : $room->(), '... and there is room again');
    $killed->stop('exited on signal 9');
}


# Locations that do more than store reports

{
    my $nginx = MtaSts->new(<<"EOC");
server {
    listen 127.0.0.1:%%PORT0%%;
    location = /r { mta_sts_reports spool; if (\$http_x_if) { set \$a 1; } }
    location = /m { mirror /r; mirror_request_body off; return 204; }
    location = /n { mirror /r; proxy_pass http://127.0.0.1:%%PORT0%%/t; }
    location = /t { return 204; }
    location = /b { mta_sts_reports spool; mirror /u; }
    location = /u { proxy_pass http://127.0.0.1:%%PORT0%%/r; }
    location = /e { client_max_body_size 1; error_page 413 = \@e;
                    proxy_pass http://127.0.0.1:%%PORT0%%/t; }
    location \@e { mta_sts_reports spool; }
}
EOC
    $nginx->start;
    my $spool = $nginx->dir . '/spool';
    my @data = ('-H', $GZIP, '--data-binary', 'xyz');
    my $url = 'http://127.0.0.1:' . $nginx->port(0);
    my $code = sub {
        (run('', 'curl', '-s', '-m', 60, '-o', '/dev/null', '-w', '%{http_code}',
             @data, @_))[1];
    };

    is($code->('-H', 'X-If: 1', "$url/r"), 201, 'an "if" in the location');
    is($code->("$url/m"), 204, 'a mirrored request');
    is($code->("$url/n"), 204, '... with its body');
    like($code->("$url/e"), qr/^[45]00$/, 'a request whose body was discarded');
    @data = ('-H', $GZIP, '--data-binary', "\@$dir/large");
    like($code->("$url/e"), qr/^[45]00$/, '... while it is');
    ok(settled($spool, 1), 'one report is stored');
    unlink map { "$spool/$_" } files($spool);

    # the mirror stores it, too

    for my $size (300, 20_000, 250_000) {
        my $body = substr $large, 0, $size;
        spew("$dir/body", $body);
        @data = ('-H', $GZIP, '--data-binary', "\@$dir/body");
        is($code->("$url/b"), 201, "a body of $size bytes that is also mirrored");
        ok(within(sub { complete($spool) == 2 }), '... is stored twice');
        is(scalar(grep { slurp("$spool/$_") eq $body } files($spool)), 2,
           '... and complete');
        unlink map { "$spool/$_" } files($spool);
    }

    $nginx->stop;
}


# What the documented limits let one client do: many reports at once, since a
# sender has one for each domain; not more than the spool holds until it is read

{
    my ($text) = slurp('docs/reports.md') =~ /^```nginx\n(.*?)^```/ms;
    my ($zone) = $text =~ /^ *(limit_req_zone [^;]*;)/m;
    my @limit = $text =~ /^ *(limit_req(?:_status)? [^;]*;)/mg;
    my ($rate) = $zone =~ /rate=(\d+)r\/s/;
    my ($burst) = "@limit" =~ /burst=(\d+)/;

    cmp_ok($rate * 11 * 60 + $burst, '<', 10_000,
           'documented: what a client may send in 11 minutes has room');

    my $hoster = instance('', http => "$zone @limit");
    my (undef, $codes) = run('', 'curl', '-s', '-Z', '--parallel-max', 20, '-m', 60,
        '-H', $GZIP, '--data-binary', 'x', '-w', "%{http_code}\n", '-o', '/dev/null',
        'http://127.0.0.1:' . $hoster->port(0) . '/r?[1-300]');
    is(scalar(() = $codes =~ /^201$/mg), 300, '... 300 reports from one client are stored');
    $hoster->stop;

    my $few = instance('', http => "$zone @limit" =~ s/burst=\d+/burst=1/r
                                   =~ s/rate=\d+/rate=1/r);
    is(join(' ', map { post($few, '-H', $GZIP, '--data-binary', 'x') } 1 .. 3),
       '201 201 429', '... and above the limit is 429, not the 503 of a full spool');
    $few->stop;
}


# What one client may do

my $limited = instance('', http => 'limit_req_zone $binary_remote_addr '
    . 'zone=tlsrpt:1m rate=1r/m; limit_req zone=tlsrpt burst=2 nodelay;');

is(join(' ', map { post($limited, '-H', $GZIP, '--data-binary', 'x') } 1 .. 4),
   '201 201 201 503', 'limit_req bounds a client');
is(scalar files($limited->dir . '/spool'), 3, '... before anything is stored');
$limited->stop;


# A full disk

SKIP: {
    my $disk = tempdir(CLEANUP => 1);

    if ($> != 0) {
        skip 'only root can mount a file system', 5;
    }

    is(system('mount', '-t', 'tmpfs', '-o', 'size=64k,mode=777', 'tmpfs', $disk), 0,
       'a small disk');

    my $small = instance('', dir => "$disk/spool");

    is(post($small, '-H', $GZIP, '--data-binary', "\@$dir/large"), 503,
       'a full disk is 503');
    ok(settled("$disk/spool", 0), '... leaves nothing');
    is(post($small, '-H', $GZIP, '--data-binary', 'x'), 201, '... and heals');

    my @lines = grep { /\[(?:crit|error|alert)\]/ }
                split /\n/, slurp($small->dir . '/logs/error.log');
    is(scalar @lines, 1, '... with one line in the log') or diag @lines;

    spew($small->dir . '/logs/error.log', '');
    $small->stop;
    system 'umount', '-l', $disk;
}

done_testing();
