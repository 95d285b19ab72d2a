package MtaSts::Random::Yaml;

# Random domains files: first as pairs, lists and texts, of which some are
# wrong, then written in one of YAML's many ways, and at last perhaps damaged.
#
# A node is a text, a reference to text that is written as it is, a list
# { list => [node ...] } or a map { map => [key, node, key, node ...] }.

use strict;
use warnings;

use Exporter qw(import);
use MtaSts::Random;

our @EXPORT = qw(random_yaml);

my @domains = ('example.com', 'Example.NET', 'example.org.', 'a.example',
    'b.example', 'c.d.example', "b\xc3\xbccher.example",
    'xn--strae-oqa.example', "\xe4\xbe\x8b\xe3\x81\x88.example",
    'x' x 63 . '.example', '1.2.example', 'mta-sts.example.com',
    '_x.example', '10.0.0.1', 'a..example', 'localhost');


# Values that are not what they should be, or only just.

sub odd_value {
    return pick('', '-', '~', 'null', 'true', '0', '31557600', '31557601',
                'enforced', 'a b', 'a,b', '*', '*.', '*.*.example',
                'a_b.example', '10.0.0.1', 'me@example.com', 'a.example.',
                '1w', '1y1y', "a\tb", "a\nb", 'mailto:', 'mailto:a@b,c@d',
                'http://a.example', '{}',
                { list => [] }, { map => [] }, { list => [{ list => ['a'] }] },
                { map => ['a', 'b'] }, { list => ['none', 'none'] },
                \'*.example.net', \'*name', \'&name a.example', \'!!str none',
                \'!x none', \'', \'~', \'"a\\0b"', \'"a\\x41"', \"'a''b'",
                \'"a', \"'a", \"|\n  a", \'[a', \'{a: b', \'a: b', \'- a',
                \'|', \'>-', \"\ta", \'@a', \'`a', \'%a', \'a #b', \'a#b',
                \'? a', \'"\\q"');
}


sub mode { return pick(qw(enforce testing none)) }


sub mx {
    my @mx = map { (random_mx())[0] } 1 .. 1 + int rand 3;
    return @mx == 1 && chance(0.5) ? $mx[0] : { list => \@mx };
}


# Settings as pairs: key, node, and so on.

sub settings {
    my ($g, $mx) = @_;
    my @pairs;

    push @pairs, ['mode', mode()] if chance(0.5);
    push @pairs, ['mx', mx()] if chance($mx);
    push @pairs, ['max_age', (random_age())[0]] if chance(0.3);
    push @pairs, ['tlsrpt_rua', chance(0.5) ? random_rua()
                  : { list => [map { random_rua() } 1 .. 2] }] if chance(0.2);

    if (chance($g->{odd})) {
        push @pairs, pick([pick(qw(mode mx max_age tlsrpt_rua)), odd_value()],
                          ['nmx', 'a.example'], ['Mode', 'none'],
                          ['policy', 'p0'],
                          [\'mx ', 'a.example'], [{ list => ['mx'] }, 'a'],
                          @pairs);
    }

    return map { @$_ } shuffle(@pairs);
}


sub domain_use {
    my ($g) = @_;
    my $name = chance($g->{odd}) ? pick('none', 'P0', '', 'domains') :
               $g->{names} ? 'p' . int rand $g->{names} : undef;

    return odd_value() if chance($g->{odd} / 2);
    return { map => [settings($g, 1)] } if !defined $name;
    return $name if chance(0.6);
    return { map => [settings($g, 1)] } if chance(0.4);

    my @pairs = settings($g, 0.3);
    splice @pairs, 2 * int(rand @pairs / 2 + 1), 0, 'policy', $name;
    return { map => \@pairs };
}


sub domains {
    my ($g, $prefix, $n) = @_;
    my @pairs;

    for my $i (0 .. $n - 1) {
        my $name = chance($g->{common}) ? pick(@domains[0 .. 11])
                                        : "$prefix$i.example";
        $name = pick(@domains) if chance($g->{odd} / 3);
        next if $g->{seen}{lc $name}++ && !chance($g->{odd});
        push @pairs, $name, domain_use($g);
    }

    return { map => \@pairs };
}


# One of the files that are read together: those before have named policies.

sub document {
    my ($g, $prefix, $last) = @_;
    my @pairs = settings($g, $g->{names} || !$last ? 0.3 : 0.7);
    my @top;

    while (my ($key, $node) = splice @pairs, 0, 2) {
        push @top, [$key, $node];
    }

    if (chance(0.7)) {
        my @names = map { 'p' . $g->{names}++ } 0 .. int rand 3;
        $names[0] = 'p0' if chance($g->{odd} / 3);
        my @pairs = map { $_, { map => [settings($g, 0.9)] } } @names;
        push @top, ['policies', { map => \@pairs }];
    }

    push @top, ['domains', domains($g, $prefix, int rand 7)]
        if !@top || chance(0.95);
    push @top, ['default', domain_use($g)]
        if chance(0.3) && (!$g->{default}++ || chance($g->{odd}));
    push @top, pick(@top, ['domain', 'a'], ['mta_sts_mode', 'none'])
        if chance($g->{odd} / 2);

    return { map => [map { @$_ } chance(0.5) ? @top : shuffle(@top)] };
}


# A text in the ways that it may be written; $flow is inside of [] or {}.

sub text {
    my ($g, $text, $key, $flow) = @_;

    return $$text if ref $text eq 'SCALAR';
    return flow($g, $text) if ref $text;

    my $plain = $text =~ m{^[A-Za-z0-9\xc3-\xf4](?:[\w.:@/+=?-]|[\x80-\xff])*$}
        && $text !~ /:$/;

    return $text if $plain && !$g->{json} && chance(0.6);

    if (!$key && !$flow && $plain && chance(0.1)) {
        my $line = "$g->{indent}  $text";
        return pick("|-\n$line", ">-\n$line");
    }

    if ($g->{json} || chance(0.6)) {
        $text =~ s/([\\"])/\\$1/g;
        $text =~ s/\n/\\n/g;
        $text =~ s/\t/\\t/g;
        $text =~ s/([A-Za-z])/sprintf '\\u%04x', ord $1/e if chance(0.05);
        return "\"$text\"";
    }

    $text =~ s/'/''/g;
    return "'$text'";
}


sub flow {
    my ($g, $node) = @_;
    my $space = $g->{json} ? pick('', ' ', "\n")
                           : pick('', ' ', ' ', "\n$g->{indent}  ");

    return text($g, $node, 0, 1) if ref $node ne 'HASH';

    if ($node->{list}) {
        my @in = map { flow($g, $_) } @{ $node->{list} };
        my $comma = !$g->{json} && @in && chance(0.1) ? ',' : '';
        return '[' . $space . join(",$space", @in) . $comma . $space . ']';
    }

    my @pairs = @{ $node->{map} };
    my @out;

    while (my ($key, $value) = splice @pairs, 0, 2) {
        push @out, text($g, $key, 1, 1) . ': ' . flow($g, $value);
    }

    return '{' . $space . join(",$space", @out) . $space . '}';
}


sub comment {
    my ($g) = @_;
    return chance(0.05) ? pick(' # a: b', " #\xc3\xbc", ' # "') : '';
}


# What follows a key or "-", with its line end.

sub block {
    my ($g, $node) = @_;

    return ' ' . text($g, $node, 0, 0) . comment($g) . "\n"
        if ref $node ne 'HASH';

    my @inside = @{ $node->{list} // $node->{map} };

    return ' ' . flow($g, $node) . comment($g) . "\n"
        if !@inside || chance(0.3);

    my $out = comment($g) . "\n";
    local $g->{indent} = $g->{indent} . pick('  ', '  ', ' ', '    ');
    my $indent = $g->{indent};

    while (@inside) {
        $out .= pick("# comment\n", "\n", "$indent# b\n") if chance(0.05);

        if ($node->{list}) {
            $out .= "$indent-" . block($g, shift @inside);
        } else {
            $out .= $indent . text($g, shift @inside, 1, 0)
                . pick(':', ':', ':', ' :') . block($g, shift @inside);
        }
    }

    return $out;
}


sub written {
    my ($g, $node) = @_;

    $g->{indent} = '';
    $g->{json} = chance(0.15);

    return flow($g, $node) . pick('', "\n") if $g->{json} || chance(0.05);

    my @pairs = @{ $node->{map} };
    my $out = pick('', '', '', "---\n", "# comment\n", "%YAML 1.1\n---\n",
                   "\n");

    while (my ($key, $value) = splice @pairs, 0, 2) {
        $out .= text($g, $key, 1, 0) . ':' . block($g, $value);
    }

    $out .= pick("...\n", "# end", "...\n---\na: b\n", "---\n", "\t\n", "\0")
        if chance($g->{odd});

    return $out;
}


# $n files that are read together, as texts.  $odd is how much is wrong, 0 for
# next to nothing; all but $common of the domains begin with $prefix.

sub random_yaml {
    my ($prefix, $n, $odd, $common) = @_;
    my $g = { odd => $odd, common => $common, names => 0, seen => {} };
    my @texts = map { written($g, document($g, "$prefix$_-", $_ == $n)) }
        1 .. $n;

    for my $text (@texts) {
        $text =~ s/\n/\r\n/g if chance(0.05);
        $text = "\xef\xbb\xbf$text" if chance($odd / 3);
        $text = damaged($text, qr/\x00\xff/) if $odd && chance(0.2);
    }

    return @texts;
}


1;
