<?php
/**
 * Plugin Name: Inception blocks
 * Description: Reads the block templates that a page needs instead of all that the theme has, and merges the theme's settings once.
 *
 * To find the template of a page WordPress 6.1 parses every template of the theme, and for each block with a
 * layout or a font size it merges the settings of the core, the blocks, the theme and the user anew. Later
 * versions do neither. Nothing is kept from one request to the next, so nothing can be out of date.
 *
 * What it knows of edited templates it asks of inception-queries.php.
 */

defined( 'ABSPATH' ) || exit;

if ( version_compare( $GLOBALS['wp_version'], '6.2', '>=' ) ) {
	return;
}

/**
 * Finds the templates of some names, edited ones first, like get_block_templates() does.
 *
 * @param array{slug__in: string[], theme: string} $query
 * @return WP_Block_Template[]
 */
function inception_find_templates( array $query ): array {
	$type   = 'wp_template';
	$edited = array();
	if ( inception_theme_was_edited( $type, $query['slug__in'] ) ) {
		$posts  = new WP_Query(
			array(
				'post_type'      => $type,
				'post_status'    => 'publish',
				'post_name__in'  => $query['slug__in'],
				'posts_per_page' => -1,
				'no_found_rows'  => true,
				'tax_query'      => array(
					array(
						'taxonomy' => 'wp_theme',
						'field'    => 'name',
						'terms'    => $query['theme'],
					),
				),
			)
		);
		$edited = array_map( '_build_block_template_result_from_post', $posts->posts );
	}
	$found = array_filter( $edited, static fn( $template ): bool => ! is_wp_error( $template ) );
	foreach ( array_diff( array_unique( $query['slug__in'] ), wp_list_pluck( $found, 'slug' ) ) as $slug ) {
		// A name may come out of an address, and becomes part of a path.
		$file = 0 === validate_file( $slug ) ? _get_block_template_file( $type, $slug ) : null;
		if ( $file ) {
			$found[] = _build_block_template_result_from_file( $file, $type );
		}
	}
	return apply_filters( 'get_block_templates', array_values( $found ), $query, $type );
}

// After all others: a plugin that has an answer of its own is heard first.
add_filter(
	'pre_get_block_templates',
	static function ( $templates, array $query, string $type ) {
		if ( null !== $templates || ! function_exists( 'inception_is_site_page' ) || ! inception_is_site_page() ) {
			return $templates;
		}
		// Each template part becomes an entry of a menu in the editor, when the block is registered. Pages of the site
		// have no such menu, so for them there are none.
		if ( 'wp_template_part' === $type && array( 'post_type' => $type ) === $query && doing_action( 'init' ) ) {
			return array();
		}
		$asked = array_keys( array_filter( $query ) );
		sort( $asked );
		if ( 'wp_template' === $type && array( 'slug__in', 'theme' ) === $asked && 2 === count( $query )
			&& is_array( $query['slug__in'] ) && get_stylesheet() === $query['theme'] ) {
			return inception_find_templates( $query );
		}
		return $templates;
	},
	PHP_INT_MAX,
	3
);

// The hook is not WordPress's own: hook-settings.sh adds it to the image.
add_filter(
	'inception_global_settings',
	static function ( $settings, string $origin ) {
		static $known = array(), $state = null;
		// Only pages of the site come that far.
		if ( null !== $settings || ! did_action( 'template_redirect' ) ) {
			return $settings;
		}
		// What the settings are merged from, but for what is on the disk.
		$now = array(
			get_current_blog_id(),
			get_stylesheet(),
			$GLOBALS['_wp_theme_features'] ?? null,
			WP_Block_Type_Registry::get_instance()->get_all_registered(),
			did_action( 'clean_post_cache' ),
		);
		if ( $now !== $state ) {
			$state = $now;
			$known = array();
		}
		return $known[ $origin ] ??= WP_Theme_JSON_Resolver::get_merged_data( $origin )->get_settings();
	},
	10,
	2
);
