<?php
/**
 * Plugin Name: Inception page cache
 * Description: Decides which pages NGINX keeps and for how long, and makes it forget them when content changes.
 *
 * Random words in a file are the generation of a page: that of the site, and that of its comments or, where a page shows
 * none but those of its own post, that of this post. NGINX reads them with each request and makes them part of the key of
 * every page it keeps. A new word, written after a change is in the database and before its author is told so, means that
 * nothing made before the change is ever shown after it: not even a page whose making began before the change and ended
 * after it. nginx/conf/generation.lua says how the file is laid out.
 */

defined( 'ABSPATH' ) || exit;

const INCEPTION_GENERATION = ABSPATH . '.inception/cache/generation';
const INCEPTION_WORD       = 16;
const INCEPTION_PLACES     = 65536;
// In seconds. They only matter for what changes without an edit, because an edit shows at once.
const INCEPTION_PAGE_LIFETIME    = 600;
const INCEPTION_FEED_LIFETIME    = 3600;
const INCEPTION_MISSING_LIFETIME = 10;
// Forms in a page hold for at least twelve hours, so all pages are younger.
const INCEPTION_LONGEST_GENERATION = 6 * 3600;

/*
 * When content changes.
 */

/**
 * A new word: its time, which tells how old a generation is, and what nobody else has.
 */
function inception_word(): string {
	return sprintf( '%08x', time() ) . bin2hex( random_bytes( 4 ) );
}

/**
 * Opens the file with the words, to be read and overwritten in place, because NGINX holds it open.
 *
 * @param bool $made Whether it is made when it is missing.
 * @return resource|false
 */
function inception_open_generation( bool $made ) {
	// PHP remembers for ten minutes where a link led (realpath_cache_ttl), also when a file has taken its place.
	clearstatcache( true, INCEPTION_GENERATION );
	$is_file = is_file( INCEPTION_GENERATION ) && ! is_link( INCEPTION_GENERATION );
	if ( ! $is_file && ! $made ) {
		return false;
	}
	// What is no file makes way for one.
	if ( ! $is_file && ( is_link( INCEPTION_GENERATION ) || file_exists( INCEPTION_GENERATION ) ) ) {
		// phpcs:ignore Generic.PHP.NoSilencedErrors -- Where it cannot make way, the file cannot be opened: that is told below.
		@rename( INCEPTION_GENERATION, INCEPTION_GENERATION . '.' . time() );
	}
	// phpcs:ignore Generic.PHP.NoSilencedErrors -- It is told by the caller, with what it means.
	return @fopen( INCEPTION_GENERATION, 'c+' );
}

/**
 * Writes at a place of the file; false without success.
 *
 * @param resource $file The open file.
 */
function inception_write_at( $file, int $place, string $text ): bool {
	return 0 === fseek( $file, $place ) && strlen( $text ) === fwrite( $file, $text );
}

/**
 * Begins a new generation of the whole site, or of the pages that show the comments of some posts.
 *
 * @param string[]|null $paths The paths of these posts; null for the whole site.
 */
function inception_begin_generation( ?array $paths = null ): void {
	$file = inception_open_generation( true );
	if ( null === $paths ) {
		$done = $file && inception_write_at( $file, 0, inception_word() . inception_word() );
	} else {
		$done = $file && inception_write_at( $file, INCEPTION_WORD, inception_word() );
		foreach ( $done ? $paths : array() as $path ) {
			[ $place, $mark ] = inception_place( $path );
			$done             = $done && ( ! inception_is_marked( $file, $place, $mark ) || inception_write_at( $file, $place + INCEPTION_WORD, inception_word() ) );
		}
	}
	if ( $done && ftruncate( $file, 2 * INCEPTION_WORD * ( 1 + INCEPTION_PLACES ) ) && fclose( $file ) ) {
		return;
	}
	// Without a word NGINX keeps nothing: slow, but never out of date.
	$cleared = $file && ftruncate( $file, 0 );
	error_log(
		'Inception: ' . INCEPTION_GENERATION . ' cannot be written; '
		. ( $cleared ? 'pages are not cached until it can.' : 'visitors may see pages up to ' . INCEPTION_PAGE_LIFETIME . ' seconds old.' )
	);
}

/**
 * Where in the file the word for a path is, and the mark before it that tells whose it is.
 *
 * @return array{0: int, 1: string}
 */
function inception_place( string $path ): array {
	$hash = md5( $path );
	return array( 2 * INCEPTION_WORD * ( 1 + (int) hexdec( substr( $hash, 0, 4 ) ) ), substr( $hash, 4, INCEPTION_WORD ) );
}

/**
 * Whether a place of the file belongs to the path with this mark.
 *
 * @param resource $file The open file.
 */
function inception_is_marked( $file, int $place, string $mark ): bool {
	return 0 === fseek( $file, $place ) && fread( $file, INCEPTION_WORD ) === $mark;
}

/**
 * Notes whether the page of a path shows no comments but those of its own post.
 *
 * A place that belongs to another path is left to it: then this page has the word of all comments.
 *
 * @return bool Whether it was noted to show no others, and that is over.
 */
function inception_mark_page( string $path, bool $own ): bool {
	[ $place, $mark ] = inception_place( $path );
	$file             = '' === $path ? false : inception_open_generation( false );
	if ( ! $file ) {
		return false;
	}
	$none   = str_repeat( "\0", INCEPTION_WORD );
	$marked = inception_is_marked( $file, $place, $mark );
	if ( ! $own && $marked ) {
		inception_write_at( $file, $place, $none );
		return true;
	}
	if ( $own && ! $marked && inception_is_marked( $file, $place, $none ) && inception_write_at( $file, $place + INCEPTION_WORD, inception_word() ) ) {
		// The mark makes the word count, so it comes last.
		inception_write_at( $file, $place, $mark );
	}
	return false;
}

/**
 * The path of the page of a post; empty where its address has none of its own.
 *
 * Where a plugin serves a post in several languages, at an address each, it is the one that WordPress itself has for it.
 */
function inception_path( int $post ): string {
	$plain = static fn( $url, $path ): string => rtrim( (string) get_option( 'home' ), '/' ) . '/' . ltrim( (string) $path, '/' );
	add_filter( 'home_url', $plain, PHP_INT_MAX, 2 );
	$address = (string) get_permalink( $post );
	remove_filter( 'home_url', $plain, PHP_INT_MAX );
	return str_contains( $address, '?' ) ? '' : (string) wp_parse_url( $address, PHP_URL_PATH );
}

/**
 * Whether this request makes a page that NGINX may show to everybody.
 */
function inception_is_shared_page(): bool {
	return isset( $_SERVER['INCEPTION_SHARED_PAGE'] );
}

/**
 * Whether this request is a visitor's: whoever edits is signed in, or works by cron or on the command line.
 *
 * WordPress finds out who asks before the action "init". Until then only a shared page is known to be a visitor's.
 */
function inception_is_visit(): bool {
	global $current_user;
	$nobody = $current_user instanceof WP_User && ! $current_user->exists();
	return inception_is_shared_page() || ( $nobody && 'cli' !== PHP_SAPI && ! wp_doing_cron() );
}

/**
 * Notes that something has changed which visitors can see, or begins a new generation at once.
 *
 * One edit makes many small changes, so the new generation begins when the edit is complete: with the
 * first byte of the reply, which is before anybody can know of the edit. Where there is no reply, or it
 * has begun, it begins with the change, but not more often than five times in a second.
 *
 * @param bool     $noted     Whether there is a change; false only looks whether one is waiting.
 * @param bool     $now       Whether the reply is about to begin.
 * @param int|null $commented The post of which nothing but the comments has changed; null for any other change.
 */
function inception_content_changed( bool $noted = true, bool $now = false, ?int $commented = null ): void {
	static $site = false, $paths = array(), $last = 0.0;
	if ( $noted && null === $commented ) {
		$site = true;
	} elseif ( $noted ) {
		$paths[ $commented ] = inception_path( $commented );
	}
	if ( ! $site && ! $paths ) {
		return;
	}
	$unheard = 'cli' === PHP_SAPI || headers_sent();
	if ( $now || ( $unheard && microtime( true ) - $last > 0.2 ) ) {
		$last = microtime( true );
		// What a plugin has made of comments and kept in a transient, which it deletes now, may be in any page.
		inception_begin_generation( $site || did_action( 'deleted_transient' ) ? null : $paths );
		$site  = false;
		$paths = array();
	}
}

/**
 * Whether visitors can see a post of any type, or what is made of it.
 */
function inception_post_shows( ?WP_Post $post ): bool {
	return $post
		&& ! in_array( $post->post_type, array( 'revision', 'customize_changeset', 'oembed_cache', 'user_request' ), true )
		&& inception_status_shows( $post->post_status );
}

/**
 * Whether visitors can see posts of this status.
 */
function inception_status_shows( string $status ): bool {
	return ! in_array( $status, array( 'new', 'auto-draft', 'draft', 'pending', 'future', 'trash' ), true );
}

add_action(
	'transition_post_status',
	static function ( string $new, string $old, WP_Post $post ): void {
		if ( 'revision' !== $post->post_type && ( inception_status_shows( $new ) || inception_status_shows( $old ) ) ) {
			inception_content_changed();
		}
		if ( 'publish' === $new && is_post_publicly_viewable( $post ) ) {
			// Most pages show no other comments. The first time that one is made tells.
			inception_mark_page( inception_path( $post->ID ), true );
		}
	},
	10,
	3
);
// WordPress says so after each change of a post, also past wp_update_post(), and of the number of its comments.
$inception_counted = 0;
add_filter(
	'pre_wp_update_comment_count_now',
	static function ( $number, $old, $post ) use ( &$inception_counted ) {
		$inception_counted = (int) $post;
		return $number;
	},
	10,
	3
);
add_action(
	'wp_update_comment_count',
	static function () use ( &$inception_counted ): void {
		$inception_counted = 0;
	}
);
add_action(
	'clean_post_cache',
	static function ( $id, $post ) use ( &$inception_counted ): void {
		if ( $post instanceof WP_Post && inception_post_shows( $post ) ) {
			inception_content_changed( commented: $inception_counted === $post->ID ? $post->ID : null );
		}
	},
	10,
	2
);
foreach ( array( 'set_object_terms', 'deleted_term_relationships' ) as $inception_hook ) {
	add_action(
		$inception_hook,
		static function ( $id ): void {
			if ( inception_post_shows( get_post( $id ) ) ) {
				inception_content_changed();
			}
		}
	);
}

add_action(
	'wp_insert_comment',
	static function ( $id, $comment = null ): void {
		if ( ! $comment instanceof WP_Comment ) {
			inception_content_changed();
		} elseif ( '1' === (string) $comment->comment_approved ) {
			inception_content_changed( commented: (int) $comment->comment_post_ID );
		}
	},
	10,
	2
);
add_action(
	'transition_comment_status',
	static function ( $new, $old, WP_Comment $comment ): void {
		if ( 'approved' === $new || 'approved' === $old ) {
			inception_content_changed( commented: (int) $comment->comment_post_ID );
		}
	},
	10,
	3
);
// It may belong to another post now.
add_action(
	'edit_comment',
	static function ( $id ): void {
		$comment = get_comment( $id );
		if ( ! $comment || '1' === (string) $comment->comment_approved ) {
			inception_content_changed();
		}
	}
);
add_action(
	'deleted_comment',
	static function ( $id, WP_Comment $comment ): void {
		if ( '1' === (string) $comment->comment_approved ) {
			inception_content_changed( commented: (int) $comment->comment_post_ID );
		}
	},
	10,
	2
);

// What a visitor's request writes there (a plugin that counts views, a cart, the time of a login, an embedded video
// that is looked up once) is no edit: it would make each page forget all others.
foreach ( array( 'added', 'updated', 'deleted' ) as $inception_done ) {
	foreach ( array( 'post', 'comment', 'term', 'user' ) as $inception_type ) {
		add_action(
			"{$inception_done}_{$inception_type}_meta",
			static function ( $ids, $object, $key ) use ( $inception_type ): void {
				$noise = array(
					'post' => '/^_(edit_|oembed_|pingme$|encloseme$|wp_trash_)/',
					'user' => '/^(session_tokens|community-events-location|closedpostboxes_.*|metaboxhidden_.*|meta-box-order_.*|screen_layout_.*|dismissed_wp_pointers|.*(user-settings|user-settings-time|dashboard_quick_press_last_post_id|persisted_preferences))$/',
				);
				if ( inception_is_visit() || ( isset( $noise[ $inception_type ] ) && preg_match( $noise[ $inception_type ], (string) $key ) ) ) {
					return;
				}
				if ( 'post' === $inception_type && ! inception_post_shows( get_post( $object ) ) ) {
					return;
				}
				$comment = 'comment' === $inception_type ? get_comment( $object ) : null;
				inception_content_changed( commented: $comment ? (int) $comment->comment_post_ID : null );
			},
			10,
			3
		);
	}
	// Title, theme, widgets, permalinks, plugins, language: nearly every option shows somewhere.
	add_action(
		"{$inception_done}_option",
		static function ( $name ): void {
			if ( inception_is_visit() || preg_match( '/^(_transient_|_site_transient_|cron$|recently_|auto_|recovery_|inception_|user_count$|db_upgraded$|can_compress_scripts$|.*\.lock$)/', (string) $name ) ) {
				return;
			}
			inception_content_changed();
		}
	);
}

add_action(
	'profile_update',
	static function ( $id, $before ): void {
		$after = get_userdata( $id );
		foreach ( array( 'display_name', 'user_nicename', 'user_url', 'user_email' ) as $field ) {
			if ( ! $after || $after->$field !== $before->$field ) {
				inception_content_changed();
				return;
			}
		}
	},
	10,
	2
);
foreach ( array( 'created_term', 'edited_term', 'delete_term', 'deleted_user', 'add_link', 'edit_link', 'deleted_link', 'upgrader_process_complete' ) as $inception_hook ) {
	add_action( $inception_hook, static fn() => inception_content_changed(), 10, 0 );
}

// For whoever changes something that no hook above tells of: do_action( 'inception_purge_cache' ).
add_action( 'inception_purge_cache', static fn() => inception_content_changed(), 10, 0 );

// Before WordPress sends what it has (priority 1), and after everything that plugins do at the end.
foreach ( array( PHP_INT_MIN, PHP_INT_MAX ) as $inception_priority ) {
	add_action( 'shutdown', static fn() => inception_content_changed( false, true ), $inception_priority, 0 );
}

// Run once a minute by the health check.
if ( wp_doing_cron() && is_file( INCEPTION_GENERATION ) ) {
	// phpcs:ignore Generic.PHP.NoSilencedErrors -- It may be missing or a pipe's place: then there is no generation.
	$inception_began = (string) @file_get_contents( INCEPTION_GENERATION, false, null, 0, 8 );
	if ( time() - intval( $inception_began, 16 ) > INCEPTION_LONGEST_GENERATION ) {
		inception_begin_generation();
	}
}

/*
 * Which comments a page shows.
 */

/**
 * Whether this page shows comments, or numbers of comments, of other posts than its own, as far as it has been made.
 *
 * @param bool $seen Whether it does so just now.
 */
function inception_shows_other_comments( bool $seen = false ): bool {
	static $any = false;
	$any        = $any || $seen;
	return $any;
}

/**
 * Whether a post is the one whose page this is; not before WordPress knows which.
 *
 * @param mixed $post Its number.
 */
function inception_is_own_post( $post ): bool {
	return $post && isset( $GLOBALS['wp_query'] ) && get_queried_object_id() === (int) $post;
}

if ( inception_is_shared_page() ) {
	add_action( 'pre_get_comments', static fn( $query ) => inception_shows_other_comments( ! inception_is_own_post( $query->query_vars['post_id'] ) ) );
	foreach ( array( 'get_comments_number', 'wp_count_comments' ) as $inception_hook ) {
		add_filter(
			$inception_hook,
			static function ( $number, $post = 0 ) {
				inception_shows_other_comments( ! inception_is_own_post( $post ) );
				return $number;
			},
			10,
			2
		);
	}
	add_action( 'pre_get_posts', static fn( $query ) => inception_shows_other_comments( $query->get( 'comment_count' ) || str_contains( (string) wp_json_encode( $query->get( 'orderby' ) ), 'comment_count' ) ) );
}

/*
 * When a reply leaves.
 */

/**
 * How many seconds NGINX may keep this reply; zero for not at all.
 */
function inception_lifetime(): int {
	if ( ! did_action( 'template_redirect' ) || ( defined( 'DONOTCACHEPAGE' ) && DONOTCACHEPAGE ) || is_user_logged_in()
		|| is_preview() || is_customize_preview() || ( defined( 'REST_REQUEST' ) && REST_REQUEST ) ) {
		return 0;
	}
	$status  = http_response_code();
	$missing = 404 === $status || 410 === $status;
	foreach ( headers_list() as $header ) {
		if ( preg_match( '/^Set-Cookie:/i', $header ) ) {
			return 0;
		}
		// WordPress says this of every page that is missing.
		if ( ! $missing && preg_match( '/^Cache-Control:.*(no-store|no-cache|private|max-age=0)/i', $header ) ) {
			return 0;
		}
	}
	if ( $missing ) {
		$lifetime = INCEPTION_MISSING_LIFETIME;
	} elseif ( 200 === $status ) {
		$lifetime = is_feed() || is_robots() || get_query_var( 'sitemap' ) ? INCEPTION_FEED_LIFETIME : INCEPTION_PAGE_LIFETIME;
	} else {
		$lifetime = 301 === $status || 308 === $status ? INCEPTION_PAGE_LIFETIME : 0;
	}
	// For plugins whose pages change with time.
	return (int) apply_filters( 'inception_page_lifetime', $lifetime );
}

/**
 * Completes a page that everybody gets: how long it may be kept, how a browser asks whether it is still
 * the same, and packed, because NGINX keeps it as it is.
 */
function inception_finish_page( string $page, int $phase ): string {
	inception_content_changed( false, true );
	$whole = PHP_OUTPUT_HANDLER_START | PHP_OUTPUT_HANDLER_FINAL;
	if ( ( $phase & $whole ) !== $whole || $phase & PHP_OUTPUT_HANDLER_CLEAN || headers_sent() ) {
		return $page;
	}
	$lifetime = inception_lifetime();
	$address  = (string) $_SERVER['REQUEST_URI'];
	if ( $lifetime && ! str_contains( $address, '?' ) ) {
		$own = 200 === http_response_code() && is_singular() && inception_path( get_queried_object_id() ) === $address
			&& ! inception_shows_other_comments();
		if ( inception_mark_page( $address, $own ) ) {
			// Whoever waits for this page may know of a comment that was not there yet.
			$lifetime = 0;
		}
	}
	if ( $lifetime ) {
		header( "X-Accel-Expires: $lifetime" );
		header_remove( 'Expires' );
		// A browser asks each time, or an edit would not show.
		header( 'Cache-Control: no-cache' );
		if ( 200 === http_response_code() ) {
			header( 'ETag: W/"' . hash( 'xxh128', $page ) . '"' );
		}
	}
	$headers = implode( "\n", headers_list() );
	if ( strlen( $page ) < 1024 || preg_match( '/^Content-(Encoding|Length):/im', $headers ) || ! preg_match( '#^Content-Type: *(text/|application/(\w+\+)?(xml|json))#im', $headers ) ) {
		return $page;
	}
	$packed = gzencode( $page, 6 );
	header( 'Content-Encoding: gzip' );
	header( 'Content-Length: ' . strlen( $packed ) );
	return $packed;
}

if ( 'cli' !== PHP_SAPI ) {
	if ( inception_is_shared_page() ) {
		ob_start( 'inception_finish_page' );
	} else {
		// Nothing of a reply leaves before the generation that belongs to it has begun.
		ob_start(
			static function ( string $text ): string {
				inception_content_changed( false, true );
				return $text;
			},
			65536
		);
	}
}
