#!/usr/bin/perl

# A domains file that is not what it was: the old policies stay in service and
# the error log says why.

use strict;
use warnings;

use lib 't/lib';
use MtaSts;
use MtaSts::Load;
use Test::More;

use constant N => 10_000;

sub conf_of {
    my ($file) = @_;
    return 'server { listen 127.0.0.1:%%PORT0%%; server_name mta-sts.*; '
        . "mta_sts_domains $file; }";
}

sub yaml_of {
    my ($age) = @_;
    return domains_file(N, $age);
}

my $nginx = MtaSts->new(conf_of('d.yaml'));
my $dir = $nginx->dir;
my $log = "$dir/logs/error.log";

# as an administrator should: a file is whole or not there

sub replace {
    my ($text) = @_;
    spew("$dir/new.yaml", $text);
    rename "$dir/new.yaml", "$dir/d.yaml" or die $!;
}

replace(yaml_of(604800));
$nginx->start;

sub served {
    return (split_response($nginx->get(0, 'mta-sts.c4.example')))[1];
}

my $old = "version: STSv1\r\nmode: testing\r\nmx: mail.c4.example\r\n"
    . "max_age: 604800\r\n";

is(served(), $old, 'a policy of ' . N . ' domains');

sub refuse {
    my ($name, $error) = @_;

    ok($nginx->reload(qr/\[emerg\].*\n/), "$name: refused");
    my @emerg = slurp($log) =~ /\[emerg\] \d+#\d+: (.*)/g;
    like($emerg[-1] // '', $error, '... and said why');
    is(served(), $old, '... and the old policy is served');
}

my $good = yaml_of(604800);

unlink "$dir/d.yaml";
refuse('gone', qr/^open\(\) "\Q$dir\E\/d.yaml" failed \(2: /);

mkdir "$dir/d.yaml";
refuse('a directory', qr/^"\Q$dir\E\/d.yaml" is a directory in /);
rmdir "$dir/d.yaml";

run('', 'mkfifo', "$dir/d.yaml");
refuse('a pipe', qr/is not a regular file in /);

replace('');
refuse('empty', qr/^the file is empty, .* in \Q$dir\E\/d.yaml:1:1$/);

replace(substr $good, 0, length($good) - 9);
refuse('cut off in the last line', qr/in \Q$dir\E\/d.yaml:/);

replace("${good}  c1.example: p1\n");
refuse('a domain twice',
       qr/^duplicate domain "c1.example", first at .*:14 in .*:10014:3$/);

replace('domains: ' . '[' x 10_000);
refuse('nested', qr/^nested more than 32 deep in /);

replace('mode: ' . 'a' x 10_000_000);
refuse('a scalar without end', qr/^a text of more than/);

replace($good);
$nginx->conf(conf_of('gone/*.yaml'));
refuse('a glob that matches nothing', qr/^no file matches /);
$nginx->conf(conf_of('d.yaml'));


# A file is written while it is read: what is served is always one of the
# whole files, whatever nginx made of the halves.

{
    my $writer = fork // die;

    if ($writer == 0) {
        my $n = 0;

        while (1) {
            open my $fh, '+<', "$dir/d.yaml" or POSIX::_exit(1);
            truncate $fh, 0;
            my $text = yaml_of(604801 + $n++ % 5);

            for (my $at = 0; $at < length $text; $at += 50_000) {
                syswrite $fh, substr $text, $at, 50_000;
            }

            close $fh;
        }
    }

    my %seen;

    for (1 .. 20) {
        kill 'HUP', $nginx->{pid};
        select undef, undef, undef, 0.05;
        $seen{served() =~ s/604800|60480[1-5]/AGE/r}++;
    }

    kill 'KILL', $writer;
    waitpid $writer, 0;

    is(join('|', keys %seen), $old =~ s/604800/AGE/r,
       'written while it is read: whole policies alone');
}

$nginx->stop(qr/\[emerg\]/);

done_testing();
