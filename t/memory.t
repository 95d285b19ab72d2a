#!/usr/bin/perl

# A failing allocation of the helper, or of a library in it, ends the process with one
# message and exit status 3.  A file of -o is then complete or absent.

use strict;
use warnings;

use lib 't/lib';
use File::Temp qw(tempdir);
use MtaSts;
use MtaSts::Fault;
use Test::More;

my $dir = tempdir(CLEANUP => 1);

spew("$dir/$_", $MtaSts::Fault::YAML{$_}) for keys %MtaSts::Fault::YAML;
spew("$dir/nginx.conf", 'http { server { server_name mta-sts.*; '
     . 'mta_sts_domains 1.yaml; } }');
mkdir "$dir/out";

# What was printed before is as it is otherwise.

sub judge {
    my ($run, $whole) = @_;
    my $same = $run->{status} == $whole->{status}
               && $run->{out} eq $whole->{out} && $run->{err} eq $whole->{err};
    my $before = $run->{err};

    return if $same
           || ($run->{status} == 1
               && $run->{err} =~ /failed \(12: Cannot allocate memory\)/);

    # one of libc, in fdopen()

    return if $run->{status} == 1
        && $before =~ /^mta-sts: open\(\) "[^"]*" failed \(12: [^()]*\)\n\z/m;
    return "status $run->{status}" if $run->{status} != 3;
    return 'no such message' if $before !~ s/^mta-sts: out of memory\n\z//m;
    return 'another output' if index($whole->{err}, $before) != 0
                               || index($whole->{out}, $run->{out}) != 0;
    return;
}

sub memory {
    my ($args, %opt) = @_;
    MtaSts::Fault->new(command => ["$MtaSts::BUILD/mta-sts", @$args],
                       skip => 'crypto ssl', judge => \&judge, runs => 12,
                       asan => 'detect_leaks=0', %opt)
        ->exhaust(join ' ', map { s/^\Q$dir\E\///r } @$args);
}

memory(['list', '-c', "$dir/nginx.conf"]);
memory(['policy', '-d', "$dir/2.yaml", 'bär.example']);
memory(['records', '-d', "$dir/1.yaml", '-f', $_]) for qw(zone json);
memory(['generate', 'a.example', '--mx', '*.mx.example']);

# an import of two domains from a configuration, one of which is repaired

spew("$dir/hand.conf", join '', map {
    "server { listen 1 ssl; server_name mta-sts.$_->[0]; location ~ txt\$ { "
    . "return 200 'version: STSv1\nmode: enforce\nmx: $_->[1]\nmax_age: 604800\n'; "
    . "} }\n" } ['a.example', 'mx.example'], ['b.example', "m\xc3\xb6x.example."]);

# the minute may change from one run to the next

memory(['import', '--from-conf', "$dir/hand.conf", '--repair', '-f', $_],
       judge => sub { judge(map { { %$_, out => $_->{out} =~
                      s/\d{4}-\d\d-\d\d \d\d:\d\d UTC/DATE/gr } } @_) })
    for qw(yaml nginx);

# a lookup without an answer has the same status; without a name for HELO,
# glibc's getaddrinfo() is called, which ends by a signal when it has no memory

memory(['check', '-d', "$dir/1.yaml", '--resolver', '127.0.0.1:9', '--timeout',
        '1', '-f', 'json', '--helo', 'mail.example.com'], status => 3);


# -o

sub files {
    return { map { s{.*/}{}r => slurp($_) } glob "$dir/out/* $dir/out/.mta-sts*" };
}

my @write = ('records', '-d', "$dir/1.yaml", '-o', "$dir/out");
is((helper(@write))[0], 0, 'records -o');
my $expected = files();

cmp_ok(scalar keys %$expected, '>', 1, '... writes files');
unlink glob "$dir/out/*";

memory(\@write, judge => sub {
    my $found = files();
    unlink map { "$dir/out/$_" } keys %$found;

    for (sort keys %$found) {
        return "$_ is left" if !defined $expected->{$_};
        return "$_ is not complete" if $found->{$_} ne $expected->{$_};
    }

    return judge(@_);
});

# policy --tree

mkdir "$dir/tree";
my @tree = ('policy', '--tree', "$dir/tree", '--prune', '-d', "$dir/1.yaml");

sub tree {
    return { map { $_ => slurp($_) }
             glob "$dir/tree/*/.well-known/* $dir/tree/*/.well-known/.mta*" };
}

is((helper(@tree))[0], 0, 'policy --tree');
my $whole = tree();
cmp_ok(scalar keys %$whole, '>', 1, '... writes files');
run('', 'rm', '-r', glob "$dir/tree/*");

memory(\@tree, judge => sub {
    my $found = tree();
    my ($bad) = grep { ($whole->{$_} // '') ne $found->{$_} } sort keys %$found;
    run('', 'rm', '-rf', glob "$dir/tree/*");

    return $bad ? "$bad is left" : judge(@_);
});

done_testing();
