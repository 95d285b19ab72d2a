#!/usr/bin/perl

# mta-sts import: names that would make the file another one: of files, which
# may have any bytes, and of domains and policies, which YAML may take for
# numbers.

use strict;
use warnings;

use lib 't/lib';
use File::Path qw(make_path);
use File::Temp qw(tempdir);
use MtaSts;
use Test::More;

my $dir = tempdir(CLEANUP => 1);


sub policy {
    my ($mx) = @_;
    return "version: STSv1\nmode: enforce\nmx: $mx\nmax_age: 86400\n";
}


# Names of files that are not UTF-8, or have characters that YAML does not take

my $i = 0;

for my $name ("kund\xe9", "\xff", "a\xe2\x82", "\xed\xa0\x80", "\xef\xbf\xbf",
              "\x80", "line\xe2\x80\xa8", "control\x01", "new\nline",
              "# x: \"") {
    my $folder = "$dir/$name";
    make_path($folder);
    spew("$folder/a.example.txt", policy('mx.a.example'));

    my ($status, $out, $err) = helper('import', '--from-conf', $folder);
    is("$status$err", '0', 'the name of a file, ' . ++$i);
    like($out, qr{^  a\.example:\s+# was .*\?*.*/a\.example\.txt; }m, '... is in the file');

    spew("$folder/nginx.conf", 'server { listen 443 ssl; server_name mta-sts.b.example; '
         . "return 200 '" . policy('mx.b.example') . "'; }");
    ($status, $out, $err) = helper('import', '--from-conf', "$folder/nginx.conf");
    is("$status$err", '0', '... that of an nginx.conf');
}


# Names of domains, mx and policies that other readers of YAML take for numbers,
# dates and truth values

my %quoted = map { $_ => 1 } qw(no on y null true off 1e3 0x1f 2001-12-14 12.e5 0o17);
my @names = (sort(keys %quoted), qw(none nox 1und1.de.example 0x1g n.example a.1e3));
my $live = join '', map { my $name = $_; map {
    "server { listen 443 ssl; server_name mta-sts.$_; return 200 '"
    . policy($name) . "'; }\n" } "$name.a.example", "$name.b.example", $name } @names;

spew("$dir/nginx.conf", $live);
my ($status, $out, $err) = helper('import', '--from-conf', "$dir/nginx.conf", @names,
                                  map { ("$_.a.example", "$_.b.example") } @names);
is($status, 0, 'names that YAML may take for something else') or diag $err;

for my $name (@names) {
    my $text = $quoted{$name} ? "'$name'" : $name;
    like($out, qr/^  \Q$text\E:/m, "the domain $text");
    like($out, qr/^    mx: \Q$text\E$/m, "... the mx $text");
}

like($out, qr/^  'no':  # \d domains/m, 'the name of a policy');
like($out, qr/^  no\.a\.example: 'no' /m, '... and where it is used');
spew("$dir/names.yaml", $out);
my (undef, $list) = helper('list', '-d', "$dir/names.yaml");
is(scalar(split /\n/, $list), 3 * @names, 'our own reader takes them');

done_testing();
