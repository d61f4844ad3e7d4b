<?php
/**
 * Plugin Name: Inception queries
 * Description: Asks the database once for what WordPress asks one by one for each page, and not at all where the answer is known.
 *
 * Of the 38 queries of a signed-in front page 15 are for single options, most of which do not exist, 8 ask for
 * templates that were never edited, and 5 count comments. Nothing is kept from one request to the next, so nothing
 * can be out of date.
 */

defined( 'ABSPATH' ) || exit;

/**
 * Gets options in one query, those that do not exist too, so that get_option() finds them in memory.
 *
 * @param string[] $names Names of options.
 */
function inception_prime_options( array $names ): void {
	global $wpdb;
	$missing = wp_cache_get( 'notoptions', 'options' ) ?: array();
	$names   = array_values(
		array_filter(
			array_diff( $names, array_keys( wp_load_alloptions() ), array_keys( $missing ) ),
			static fn( string $name ): bool => false === wp_cache_get( $name, 'options' )
		)
	);
	if ( ! $names || wp_installing() ) {
		return;
	}
	$marks = implode( ',', array_fill( 0, count( $names ), '%s' ) );
	// phpcs:ignore WordPress.DB
	$rows = $wpdb->get_results( $wpdb->prepare( "SELECT option_name, option_value FROM $wpdb->options WHERE option_name IN ($marks)", $names ) );
	if ( $wpdb->last_error ) {
		return;
	}
	foreach ( $rows as $row ) {
		wp_cache_set( $row->option_name, $row->option_value, 'options' );
	}
	$missing += array_fill_keys( array_diff( $names, array_column( $rows, 'option_name' ) ), true );
	wp_cache_set( 'notoptions', $missing, 'options' );
}

// With an object cache that outlives the request WordPress has them in memory anyway.
if ( 'cli' !== PHP_SAPI && ! is_multisite() && ! wp_using_ext_object_cache() ) {
	$inception_theme = get_option( 'stylesheet' );
	$inception_names = array(
		'WPLANG',
		'can_compress_scripts',
		'https_migration_required',
		'inception_earlier_urls',
		'large_crop',
		'medium_crop',
		'medium_large_crop',
		'site_logo',
		'theme_switched',
	);
	foreach ( array( "global_styles_$inception_theme", "global_styles_svg_filters_$inception_theme" ) as $inception_name ) {
		array_push( $inception_names, "_transient_timeout_$inception_name", "_transient_$inception_name" );
	}
	if ( ! inception_is_shared_page() ) {
		// For the admin bar.
		array_push( $inception_names, '_site_transient_update_core', '_site_transient_update_plugins', '_site_transient_update_themes' );
	}
	inception_prime_options( $inception_names );
}

/**
 * Whether this request makes a page of the site itself, and not one of the dashboard, of an editor or of the REST interface.
 */
function inception_is_site_page(): bool {
	$rest = isset( $_REQUEST['rest_route'] ) || false !== strpos( rawurldecode( $_SERVER['REQUEST_URI'] ?? '' ), '/' . rest_get_url_prefix() );
	return 'cli' !== PHP_SAPI && ! is_admin() && ! wp_doing_cron() && ! $rest;
}

/**
 * Whether there may be edited templates or styles of the present theme, of this type and any of these names.
 *
 * What was edited in the dashboard is a post that belongs to a term with the theme's name. Few themes have one.
 *
 * @param string        $type  wp_template, wp_template_part or wp_global_styles.
 * @param string[]|null $names Names of posts, or null for any.
 */
function inception_theme_was_edited( string $type, ?array $names = null ): bool {
	static $edited = null, $state = null;
	global $wpdb;
	$theme = get_stylesheet();
	$now   = array( $theme, get_current_blog_id(), did_action( 'clean_post_cache' ), did_action( 'set_object_terms' ) );
	if ( $now !== $state ) {
		$state = $now;
		// With these very arguments WordPress asks for it too, and finds the answer in memory.
		$terms  = ( new WP_Term_Query() )->query(
			array(
				'get'                    => 'all',
				'number'                 => 1,
				'taxonomy'               => 'wp_theme',
				'update_term_meta_cache' => false,
				'orderby'                => 'none',
				'name'                   => array( $theme ),
			)
		);
		$edited = array();
		if ( is_wp_error( $terms ) ) {
			$edited = null;
		} elseif ( $terms ) {
			$types = $wpdb->prepare(
				"SELECT post_type, post_name FROM $wpdb->posts JOIN $wpdb->term_relationships ON object_id = ID WHERE term_taxonomy_id = %d AND post_type IN ('wp_template', 'wp_template_part', 'wp_global_styles')",
				$terms[0]->term_taxonomy_id
			);
			foreach ( (array) $wpdb->get_results( $types ) as $post ) {
				$edited[ $post->post_type ][] = $post->post_name;
			}
			if ( $wpdb->last_error ) {
				$edited = null;
			}
		}
	}
	return null === $edited
		|| ( isset( $edited[ $type ] ) && ( null === $names || array_intersect( array_map( 'sanitize_title_for_query', $names ), $edited[ $type ] ) ) );
}

// WordPress asks for each template, template part and style whether it was edited. A plugin that has an answer of its
// own is heard first.
add_filter(
	'posts_pre_query',
	static function ( $posts, WP_Query $query ) {
		$type = $query->get( 'post_type' );
		if ( null !== $posts || ! in_array( $type, array( 'wp_template', 'wp_template_part', 'wp_global_styles' ), true ) || ! inception_is_site_page() ) {
			return $posts;
		}
		$of_theme = array(
			'taxonomy' => 'wp_theme',
			'field'    => 'name',
			'terms'    => get_stylesheet(),
		);
		if ( array( $of_theme ) !== $query->get( 'tax_query' ) ) {
			return $posts;
		}
		$names = $query->get( 'post_name__in' );
		return inception_theme_was_edited( $type, is_array( $names ) && $names ? $names : null ) ? $posts : array();
	},
	PHP_INT_MAX,
	2
);

// The admin bar shows how many comments wait, and WordPress counts each status with a query of its own. Where a
// plugin has a say in what is counted, it does; and so it does since not all comments are counted (6.9).
if ( version_compare( $GLOBALS['wp_version'], '6.9', '<' ) ) {
	add_filter(
		'wp_count_comments',
		static function ( $counts, $post ) {
			global $wpdb;
			foreach ( array( 'comments_clauses', 'comments_pre_query', 'parse_comment_query', 'pre_get_comments' ) as $hook ) {
				if ( $counts || $post || has_filter( $hook ) ) {
					return $counts;
				}
			}
			if ( false !== wp_cache_get( 'comments-0', 'counts' ) ) {
				return $counts;
			}
			$rows = $wpdb->get_results( "SELECT comment_approved, COUNT(*) AS number FROM $wpdb->comments GROUP BY comment_approved" );
			if ( ! $wpdb->last_error ) {
				$number = array_column( $rows, 'number', 'comment_approved' );
				$number = array_map( static fn( $status ) => (int) ( $number[ $status ] ?? 0 ), array( '1', '0', 'spam', 'trash', 'post-trashed' ) );
				[ $approved, $moderated, $spam, $trash, $post_trashed ] = $number;

				// WordPress looks there next.
				wp_cache_set(
					'comments-0',
					(object) array(
						'approved'       => $approved,
						'spam'           => $spam,
						'trash'          => $trash,
						'post-trashed'   => $post_trashed,
						'all'            => $approved + $moderated,
						'total_comments' => $approved + $moderated + $spam,
						'moderated'      => $moderated,
					),
					'counts'
				);
			}
			return $counts;
		},
		PHP_INT_MAX,
		2
	);
}
