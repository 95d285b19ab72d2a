#!/usr/bin/perl

# The options of mta-sts records: which are mutually exclusive, which zone a record
# goes to, the messages about wrong names, and that an output is complete or not
# there.

use strict;
use warnings;

use lib 't/lib';
use File::Temp qw(tempdir);
use MtaSts;
use Test::More;

my $dir = tempdir(CLEANUP => 1);
my $yaml = "$dir/mta-sts.yaml";
my $deep = join '.', ('d' x 60) x 3, 'example';

spew($yaml, <<"EOY");
mx: mx.example.com
tlsrpt_rua: mailto:tls\@example.com
policies:
  p: {}
domains:
  example.com: p
  mail.example.com: p
  hoster.example: p
  $deep: p
EOY

my @d = ('-d', $yaml);


sub records { return helper('records', @d, @_) }


# Refused, before anything is printed

my @refused = (
    # options, what is said, exit status

    [['-f', 'bind'], 'unknown format "bind", see mta-sts records --help', 2],
    [['--ttl', 'x'],
     'invalid ttl "x", must be between 0 and 2147483647 seconds', 2],
    [['--ttl', '2147483648'],
     'invalid ttl "2147483648", must be between 0 and 2147483647 seconds', 2],
    [['--ttl', ''],
     'invalid ttl "", must be between 0 and 2147483647 seconds', 2],
    [['--zone', 'a..b'], 'invalid zone "a..b", has an empty label', 2],
    [['--zone', ''], 'invalid zone "", must not be empty', 2],
    [['--policy-host', 'a_b'],
     'invalid policy host "a_b", "_" is not allowed in a host name', 2],
    [['--policy-host', '192.0.2.256'], 'invalid policy host "192.0.2.256", '
     . 'is neither an IP address nor a host name', 2],
    [['--policy-host', 'a.example', '--policy-host', '192.0.2.1'],
     'policy host "a.example" is a name and must be the only one', 2],
    [['--policy-host', '::1', '--policy-host', 'a.example'],
     'policy host "a.example" is a name and must be the only one', 2],
    [['--policy-host', 'a.example', '--policy-host', 'b.example'],
     'policy host "a.example" is a name and must be the only one', 2],
    [['--delegate', 'a..b'], 'invalid delegate "a..b", has an empty label', 2],
    [['--customer'], 'option "--customer" needs "--delegate"', 2],
    [['--delegate', 'p.example', '--policy-host', '::1'],
     'policy hosts are in the customers\' zones, "--policy-host" needs '
     . '"--customer" next to "--delegate"', 2],
    [['--provider', 'route53'],
     'format "zone" does not take option "--provider"', 2],
    [['-f', 'terraform'],
     'format "terraform" needs "--provider": route53 or cloudflare', 2],
    [['-f', 'terraform', '--provider', 'aws'],
     'unknown provider "aws", must be route53 or cloudflare', 2],
    [['--escaped-semicolons'],
     'format "zone" does not take option "--escaped-semicolons"', 2],
    [['-o', ''], 'option "-o" needs the name of a folder', 2],
    [['--hosts'], 'command "records" does not take option "--hosts"', 2],
    [['--zone'], 'option "--zone" needs a value: "--zone APEX"', 2],
    [['--zones=a'], 'unknown option "--zones=a", did you mean "--zone"?', 2],
    [['--only', 'address'],
     '"--only address" needs "--policy-host": an address, or a name for a CNAME', 2],
    [['--only', 'mx'],
     'unknown kind "mx", must be address, policy or tlsrpt', 2],
    [['--changed', '-f', 'octodns'], 'format "octodns" does not take option '
     . '"--changed": what is missing there is deleted by the program that '
     . 'reads it', 2],
    [['--changed', '-o', $dir], '"--changed" and "-o" are mutually exclusive: '
     . 'what is missing in the file of a zone is deleted by the program that '
     . 'reads it', 2],
    [['--accept', 'policy-connect'],
     'option "--accept" needs "--served"', 2],
    [['--smtp'], 'option "--smtp" needs "--served"', 2],
    [['--served', '--accept', 'policy:a.example'], 'unknown reason '
     . '"policy:a.example", must be the code of a finding, or CODE:DOMAIN', 2],
    [['--prune'], 'option "--prune" needs "-o"', 2],
    [['--prune', '-o', $dir, 'example.com'],
     '"--prune" needs all domains, without names of some', 2],
    [['--delegated-from', 'x'],
     'option "--delegated-from" needs "--delegate"', 2],
    [['--zone', 'a.example', '--zones-from', 'x'],
     'options "--zone" and "--zones-from" are mutually exclusive', 2],
    [['--zones-from', "$dir/none"], qr/^mta-sts: open\(\) "\Q$dir\E\/none" /, 2],

    [['-f', 'octodns'], 'format "octodns" has a file for each zone and there '
     . 'are several, use "-o"', 1],
    [['-o', "$dir/none"], undef, 1],
);

for my $case (@refused) {
    my ($options, $said, $status) = @$case;
    my ($rc, $out, $err) = records(@$options);
    is($rc, $status, "@$options");
    is($out, '', '... nothing is printed');

    if (ref $said) {
        like($err, $said, '... and it is said why');

    } elsif (defined $said) {
        is($err, "mta-sts: $said\n", '... and it is said why');

    } else {
        like($err, qr{^mta-sts: open\(\) "\Q$dir\E/none/[^"]+" failed},
             '... and it is said why');
    }
}


# Held back, while the others are printed

my $none = 'is in none of the zones of "--zone"';

my @held = (
    # options, what is said of which domains, the names that are printed

    [['--zone', 'example.com'],
     [9 => '"' . substr("_mta-sts.$deep", 0, 100) . "\" $none",
      8 => "\"_mta-sts.hoster.example\" $none"],
     [qw(_mta-sts.example.com _smtp._tls.example.com _mta-sts.mail.example.com
         _smtp._tls.mail.example.com)]],
    [['--zone', 'com', '--zone', 'xample', 'hoster.example'],
     [8 => "\"_mta-sts.hoster.example\" $none"], []],
    [['--zone', '_mta-sts.p.example', '--delegate', 'p.example',
      'hoster.example'],
     [8 => "\"hoster.example._smtp._tls.p.example\" $none"], []],
    [['--zone', 'example.com', '--zone', 'mta-sts.mail.example.com',
      '--policy-host', 'a.example', 'example.com', 'mail.example.com'],
     [7 => '"mta-sts.mail.example.com" is the apex of a zone and cannot be an '
         . 'alias'],
     [qw(_mta-sts.example.com _smtp._tls.example.com mta-sts.example.com)]],
    [['--delegate', 'a-rather-long-name-of-a-zone-for-delegated-policies.'
      . 'hoster.example', $deep], [9 => 'domain "' . substr($deep, 0, 100)
     . '" is too long to be delegated to '
     . '"a-rather-long-name-of-a-zone-for-delegated-policies.hoster.example"'],
     []],
);

for my $case (@held) {
    my ($options, $said, $names) = @$case;
    my @said = @$said;
    my ($rc, $out, $err) = records(@$options);
    my $text = '';

    while (my ($line, $why) = splice @said, 0, 2) {
        $text .= "mta-sts: $yaml:$line: $why\n";
    }

    is($err, $text, "@$options: held back");
    is($rc, 1, '... with status 1');
    is_deeply([$out =~ /^(\S+)\. /mg], $names, '... and the others go on');
}


# Names from files

spew("$dir/zones", "example.com # ours\n\n  example\n");
spew("$dir/names", "mail.example.com\thoster.example\n");
spew("$dir/delegated", "hoster.example\n");

for my $case ([[qw(--only policy), '--zones-from', "$dir/zones", '-f', 'text'],
               'example _mta-sts.' . $deep =~ s{\.example$}{}r . ' _mta-sts.hoster'
               . ' example.com _mta-sts _mta-sts.mail'],
              [[qw(--only tlsrpt -f text), '--domains-from', "$dir/names"],
               'hoster.example _smtp._tls mail.example.com _smtp._tls'],
              [[qw(--only address --only policy --policy-host 192.0.2.1 -f text
                   example.com)], 'example.com _mta-sts mta-sts'],
              [[qw(--only policy --delegate p.example -f text), '--domains-from',
                "$dir/names", '--delegated-from', "$dir/delegated"],
               'p.example hoster.example._mta-sts mail.example.com _mta-sts'])
{
    my ($options, $hosts) = @$case;
    my ($rc, $out, $err) = records(@$options);
    is("$rc $err", '0 ', "@$options");
    is(join(' ', grep { defined } $out =~ /^([a-z]\S*)$|Host   (\S+)/mg),
       $hosts, '... the names');
}

{
    my ($rc, $out) = helper(\"example.com\n", 'records', @d, '--domains-from', '-',
                            '--only', 'policy');
    like($out, qr/\A_mta-sts\.example\.com\. .*\n\z/, 'domains from a pipe');
}


# The nearest domain

for my $case (['exmaple.com', 'example.com'], ['xample.com', 'example.com'],
              ['www.example.com', 'example.com'],
              ['a.b.mail.example.com', 'mail.example.com'],
              ['hosters.example', 'hoster.example'],
              ['HOSTER.exampl.', 'hoster.example'])
{
    my ($asked, $near) = @$case;
    my $shown = lc $asked =~ s/\.\z//r;
    my ($rc, $out, $err) = records($asked);
    is($err, "mta-sts: no policy for domain \"$shown\", the nearest is "
       . "\"$near\"\n", "$asked is not $near");
    is("$rc $out", '1 ', '... and an error');
}


# Which zone a record goes to

mkdir "$dir/out";

my @zones = map { ('--zone', $_) }
    qw(com Example.COM. mta-sts.mail.example.com example _tls.example
       example.com);

my ($rc, $out, $err) = records('-o', "$dir/out", @zones, '--policy-host',
                               '192.0.2.1');
is("$rc $out$err", '0 ', 'records of four zones');
is(join(' ', map { m{([^/]+)$} } sort glob "$dir/out/* $dir/out/.m*"),
   'example.com.zone example.zone mta-sts.mail.example.com.zone',
   '... are in three files');
is(join(' ', slurp("$dir/out/example.com.zone") =~ /^(\S+)/mg),
   '_mta-sts.example.com. _smtp._tls.example.com. mta-sts.example.com. '
   . '_mta-sts.mail.example.com. _smtp._tls.mail.example.com.',
   '... the longest zone that a name is in has it');
is(slurp("$dir/out/mta-sts.mail.example.com.zone"),
   "mta-sts.mail.example.com. 3600 IN A 192.0.2.1\n", '... also at its apex');
is((stat "$dir/out/example.zone")[2] & 0777, 0666 & ~umask,
   '... with the usual rights');

($rc, $out) = records('-f', 'text', @zones, '--policy-host', '192.0.2.1',
                      'mail.example.com');
is(join(' ', grep { defined } $out =~ /^([a-z]\S*)$|Host   (\S+)/mg),
   'example.com _mta-sts.mail _smtp._tls.mail mta-sts.mail.example.com @',
   'hosts are relative to the zone');


# The policy host is not an alias of itself

($rc, $out) = records('--policy-host', 'MTA-STS.hoster.example.');
is(scalar(() = $out =~ / IN CNAME mta-sts\.hoster\.example\.$/mg), 3,
   'policy hosts are aliases');
unlike($out, qr/^mta-sts\.hoster/m, '... but for the one they are aliases of');


# An output is whole or is not there

my $before = slurp("$dir/out/example.com.zone");
my $mta_sts = "$MtaSts::BUILD/mta-sts";
my $many = "$dir/many.yaml";

spew($many, "policies: {p: {mx: a.example}}\ndomains:\n"
    . join '', map { "  d$_.example.com: p\n" } 1 .. 20000);

($rc, $out, $err) = run('', 'bash', '-c', "trap '' XFSZ; ulimit -f 100; "
    . 'exec "$0" "$@"', $mta_sts, 'records', '-d', $many, '--zone',
    'example.com', '-o', "$dir/out");
is($rc, 1, 'a file that cannot be written');
is($err, "mta-sts: write() \"$dir/out/example.com.zone\" failed (27: File too "
   . "large)\n", '... is an error');
is(slurp("$dir/out/example.com.zone"), $before, '... the old one is there');
is(scalar(() = glob "$dir/out/.m*"), 0, '... and no part of the new one');

for my $format (qw(zone nsupdate powerdns octodns dnscontrol external-dns json
                   text terraform))
{
    my @more = $format eq 'terraform' ? ('--provider', 'route53') : ();

    ($rc, $out, $err) = run('', 'bash', '-c', '"$@" >/dev/full', 'bash',
        $mta_sts, 'records', '-d', $many, '--zone', 'example.com', '-f',
        $format, @more);
    is($rc, 1, "$format: a full disk");
    like($err, qr/^mta-sts: write error on standard output/,
         '... is an error');

    ($rc, $out, $err) = run('', 'bash', '-c', '{ "$@"; echo $? >&2; } '
        . '| head -c 1000 >/dev/null', 'bash', $mta_sts, 'records', '-d',
        $many, '--zone', 'example.com', '-f', $format, @more);
    is($err, "1\n", "$format: a closed pipe has no message");
}

# Memory does not grow with the output

my @peaks = map {
    my (undef, undef, $said) = run('', '/usr/bin/time', '-f', 'peak %M',
        'sh', '-c', 'exec "$@" >/dev/null', 'sh', $mta_sts, 'records', '-d',
        $many, @$_);
    $said =~ /^peak (\d+)/m
} [], [map { ('--policy-host', "192.0.2.$_") } 1 .. 20];

# a sanitizer keeps for a while what was freed

cmp_ok($peaks[1], '<', $peaks[0] * ($ENV{ASAN_OPTIONS} ? 3 : 1.1),
       '20 more records a domain take no memory');

# A file keeps its mode and owner; files of other zones are named, or removed

chmod 0640, "$dir/out/example.zone";
chown -1, 1, "$dir/out/example.zone";
spew("$dir/out/$_", "x\n") for qw(gone.example.zone notes.zone gone.example.txt);

($rc, $out, $err) = records('-o', "$dir/out", @zones);
is($rc, 0, 'files again');
my @stat = stat "$dir/out/example.zone";
is($stat[2] & 07777, 0640, '... with their mode');
is($stat[5], $> ? $stat[5] : 1, '... and group');
like($err, qr{"\Q$dir\E/out/gone\.example\.zone" is of a zone without domains},
     '... a zone that is gone is named');
is(scalar(() = $err =~ /\n/g), 2, '... and one without records, and no more');

($rc, $out, $err) = records('-o', "$dir/out", @zones, 'example.com');
is("$rc $err", '0 ', '... unless domains are named');

($rc, $out, $err) = records('-o', "$dir/out", @zones, '--prune');
is($rc, 0, '--prune');
is(join(' ', map { m{([^/]+)$} } sort glob "$dir/out/*"),
   'example.com.zone example.zone gone.example.txt notes.zone',
   '... removes the files of zones');


# A signal, or a full disk, leaves no file behind

for my $signal (qw(TERM INT HUP)) {
    my $pid = fork // die "fork: $!";

    if ($pid == 0) {
        exec 'strace', '-o', '/dev/null', '-e', 'trace=write', '-e',
             'inject=write:delay_enter=100000', $mta_sts, 'records', '-d', $many,
             '--zone', 'example.com', '-o', "$dir/out";
    }

    ok(within(sub { scalar(() = glob "$dir/out/.m*") }), "SIG$signal while a file is written");
    run('', 'pkill', "-$signal", '-P', $pid);
    waitpid $pid, 0;
    is(scalar(() = glob "$dir/out/.m*"), 0, '... leaves none');
}

# a file survives a crash of the system, and so does its name

{
    # who is traced cannot look for leaks

    local $ENV{ASAN_OPTIONS} = join ':', $ENV{ASAN_OPTIONS} // (), 'detect_leaks=0';

    ($rc) = run('', 'strace', '-y', '-o', "$dir/trace", '-e', 'trace=rename,fsync',
                $mta_sts, 'records', '-d', $many, '--zone', 'example.com', '-o',
                "$dir/out");
}

is($rc, 0, 'files of zones');
like(slurp("$dir/trace"), qr/fsync.*\.mta-sts.*\nrename.*\nfsync\(\d+<\Q$dir\E\/out>\)/,
     '... the file is on disk, then the folder');

($rc, $out, $err) = records('-o', "$dir/out" . '/.' x ((4090 - length "$dir/out") / 2));
is($rc, 1, 'a path that is too long');
like($err, qr/^mta-sts: open\(\) "\S*" failed \(36: File name too long\)$/,
     '... is said to be');

mkdir "$dir/out/example.com.zone.dir";
rename "$dir/out/example.com.zone", "$dir/kept";
rename "$dir/out/example.com.zone.dir", "$dir/out/example.com.zone";
($rc, $out, $err) = records('-o', "$dir/out", 'example.com');
is("$rc $err", "1 mta-sts: rename() \"$dir/out/example.com.zone\" failed (21: "
   . "Is a directory)\n", 'a folder in the place of a file');
is(scalar(() = glob "$dir/out/.m*"), 0, '... leaves nothing behind');

done_testing();
