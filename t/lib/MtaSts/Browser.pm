package MtaSts::Browser;

# A real Chromium (Debian's), driven by a script of t/browser that reports as lines of
# JSON.  Screenshots go to screenshots/ in the build folder.

use strict;
use warnings;

use Cwd qw(abs_path);
use Exporter qw(import);
use File::Temp qw(tempdir);
use JSON::PP;
use MtaSts;
use Test::More;

our @EXPORT = qw(browse);


# Runs t/browser/NAME.js with arguments of its own; each line with a name is a test.

sub browse {
    my ($name, %args) = @_;
    my $json = JSON::PP->new->utf8->canonical;
    my $shots = "$MtaSts::BUILD/screenshots";
    mkdir $shots;

    # a browser of its own home, so that it leaves nothing behind

    my $home = tempdir(CLEANUP => 1);
    local @ENV{qw(HOME TMPDIR XDG_CONFIG_HOME XDG_CACHE_HOME)} = ($home) x 4;

    my ($rc, $out, $err) = run($json->encode({
        chromium => '/usr/bin/chromium',
        modules  => abs_path('build/npm/node_modules'),
        shots    => abs_path($shots),
        %args,
    }), 'node', "t/browser/$name.js");

    my $ended = 0;

    for my $line (split /\n/, $out) {
        my $seen = eval { $json->decode($line) };

        if (!$seen) {
            diag($line);
            next;
        }

        $ended = 1 if $seen->{ended};
        note($seen->{note}) if defined $seen->{note};
        next if !defined $seen->{name};

        # names are for people, and go out as bytes

        utf8::encode(my $about = $seen->{name});
        utf8::encode(my $detail = $seen->{detail} // '');
        ok($seen->{ok}, $about) or diag($detail);
    }

    is($rc, 0, 'the browser ran') or diag($err);
    is($ended, 1, '... to the end');
}


1;
