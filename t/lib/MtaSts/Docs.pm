package MtaSts::Docs;

# The documents as tests read them: sections and fenced blocks, so that a command
# or a configuration is tested as the document has it.

use strict;
use warnings;

use Exporter qw(import);
use MtaSts qw(slurp);

our @EXPORT_OK = qw(documents blocks section snippet);


# All documents, README.md first.

sub documents {
    return ('README.md', sort glob 'docs/*.md SECURITY.md CHANGES.md');
}


# The fenced blocks of a text or a document: lang, text, and the line of the
# document that the block begins on.  Indentation of the fence is removed.

sub blocks {
    my ($document) = @_;
    my $text = $document =~ /\n/ ? $document : slurp($document);
    my @blocks;

    while ($text =~ /^( *)```(\w*)\n(.*?)^\1```$/msg) {
        my ($indent, $lang, $inside, $start) = ($1, $2, $3, $-[0]);
        push @blocks, {
            lang => $lang,
            text => $inside =~ s/^$indent//mgr,
            line => 1 + (substr($text, 0, $start) =~ tr/\n//),
        };
    }

    return @blocks;
}


# The text of a section, up to the next heading of its level or above; code is
# not searched for headings.

sub section {
    my ($document, $title) = @_;
    my (@lines, $level, $code);

    for my $line (split /^/, slurp($document)) {
        $code = !$code if $line =~ /^ *```/;

        if (!$code && $line =~ /^(#+) (.*)$/) {
            last if $level && length $1 <= $level;
            $level = length $1 if $2 eq $title;
        }

        push @lines, $line if $level;
    }

    die "$document has no section \"$title\"" unless @lines;
    return join '', @lines;
}


# The n-th block of a section; of one language if that is given.

sub snippet {
    my ($document, $title, $n, $lang) = @_;
    my @blocks = grep { !$lang || $_->{lang} eq $lang }
                 blocks(section($document, $title));
    my $block = $blocks[$n] // die "$document, $title: no block $n";
    return $block->{text};
}


1;
