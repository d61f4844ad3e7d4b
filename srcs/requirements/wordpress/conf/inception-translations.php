<?php
/**
 * Plugin Name: Inception translations
 * Description: Keeps translations as PHP arrays, which OPcache holds in memory, instead of reading them anew for each page.
 *
 * WordPress has done this by itself since version 6.5; Debian's is older, and there the translation of the
 * core alone takes longer to read than many a page takes to make.
 */

defined( 'ABSPATH' ) || exit;

if ( class_exists( 'WP_Translation_Controller' ) ) {
	return;
}
require_once ABSPATH . WPINC . '/pomo/mo.php';

/**
 * The translations of one text domain, from arrays of the form that inception_compile_translations() writes.
 */
final class Inception_Translations extends MO {
	/**
	 * The files of this domain. What an earlier one has, a later one does not replace.
	 *
	 * @var array<int, array{headers: array<string, string>, messages: array<string, string|string[]>}>
	 */
	private array $files;

	/**
	 * @param array{headers: array<string, string>, messages: array<string, string|string[]>} $file
	 */
	public function __construct( array $file, ?self $earlier = null ) {
		$this->files   = array( ...( $earlier->files ?? array() ), $file );
		$this->headers = $this->files[0]['headers'];
		// Made when somebody asks for it.
		unset( $this->entries );
	}

	/**
	 * The entries as WordPress keeps them, for plugins that look at them directly.
	 */
	public function &__get( string $name ) {
		$this->$name = array();
		if ( 'entries' === $name ) {
			foreach ( array_reverse( $this->files ) as $file ) {
				foreach ( $file['messages'] as $key => $translations ) {
					$this->entries[ $key ] = $this->entry( (string) $key, (array) $translations );
				}
			}
		}
		return $this->$name;
	}

	private function entry( string $key, array $translations ): Translation_Entry {
		$parts = explode( "\4", $key, 2 );
		return new Translation_Entry(
			array(
				'singular'     => array_pop( $parts ),
				'context'      => $parts[0] ?? null,
				'translations' => $translations,
			)
		);
	}

	/**
	 * @return string|string[]|null
	 */
	private function find( string $key ) {
		foreach ( $this->files as $file ) {
			if ( isset( $file['messages'][ $key ] ) ) {
				return $file['messages'][ $key ];
			}
		}
		return null;
	}

	private static function key_of( $singular, $context ): string {
		return str_replace( array( "\r\n", "\r" ), "\n", $context ? "$context\4$singular" : (string) $singular );
	}

	public function translate( $singular, $context = null ) {
		$found = $this->find( self::key_of( $singular, $context ) );
		return is_array( $found ) ? $found[0] : $found ?? $singular;
	}

	public function translate_plural( $singular, $plural, $count, $context = null ) {
		$found = (array) $this->find( self::key_of( $singular, $context ) );
		return $found[ $this->select_plural_form( $count ) ] ?? ( 1 === (int) $count ? $singular : $plural );
	}

	public function translate_entry( &$entry ) {
		$found = $this->find( self::key_of( $entry->singular, $entry->context ) );
		return null === $found ? false : $this->entry( $entry->key(), (array) $found );
	}
}

/**
 * Returns the file with the array for a translation, which is made when it is missing; or nothing. The name
 * has the age and the size of the original in it, so a newer one has another.
 */
function inception_compile_translations( string $mofile ): ?string {
	$mofile = realpath( $mofile );
	if ( false === $mofile ) {
		return null;
	}
	$name = md5( $mofile . filemtime( $mofile ) . filesize( $mofile ) );
	$file = ABSPATH . ".inception/translations/$name.php";
	if ( is_file( $file ) ) {
		return $file;
	}
	$mo = new MO();
	if ( ! is_writable( dirname( $file ) ) || ! $mo->import_from_file( $mofile ) ) {
		return null;
	}
	$messages = array();
	foreach ( $mo->entries as $key => $entry ) {
		$messages[ $key ] = 1 === count( $entry->translations ) && ! $entry->is_plural ? $entry->translations[0] : $entry->translations;
	}
	$text = "<?php\n// $mofile\nreturn " . var_export( array( 'headers' => $mo->headers, 'messages' => $messages ), true ) . ";\n";
	$new  = tempnam( dirname( $file ), 'new' );
	// In its place at once, or not at all.
	return $new && file_put_contents( $new, $text ) === strlen( $text ) && rename( $new, $file ) ? $file : null;
}

add_filter(
	'override_load_textdomain',
	static function ( $done, $domain, $mofile ) {
		global $l10n, $wp_textdomain_registry;
		$earlier = $l10n[ $domain ] ?? null;
		$mofile  = apply_filters( 'load_textdomain_mofile', $mofile, $domain );
		if ( $done || ( $earlier && ! $earlier instanceof Inception_Translations ) || ! is_readable( $mofile ) ) {
			return $done;
		}
		$file = inception_compile_translations( $mofile );
		if ( null === $file ) {
			return $done;
		}
		do_action( 'load_textdomain', $domain, $mofile );
		$l10n[ $domain ] = new Inception_Translations( include $file, $earlier );
		if ( $wp_textdomain_registry instanceof WP_Textdomain_Registry && preg_match( '/(?:^|-)([a-z]{2,3}(?:_[A-Za-z0-9]+)*)\.mo$/', basename( $mofile ), $locale ) ) {
			$wp_textdomain_registry->set( $domain, $locale[1], dirname( $mofile ) );
		}
		return true;
	},
	10,
	3
);
